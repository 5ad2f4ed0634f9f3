//! Channel accounts with their secrets, and the journal of raw calls from outside.

use crate::columns::{from_json, json};
use crate::desk::Desk;
use crate::sql::{Cell, Row};
use crm::{Account, AccountId, InboundCall, InboundId, Moment, Outcome, Refusal, Value, Values};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// So many written forms of settings are kept read.
const MOST_KNOWN: usize = 256;
const ACCOUNT: &str = "SELECT id, provider, code, title, settings, enabled FROM account";

fn read(desk: &Desk<'_>, mut row: Row) -> Outcome<Account> {
    let mut account = Account {
        id: AccountId(row.int(0)),
        provider: row.text(1),
        code: row.text(2),
        title: row.text(3),
        settings: settings(row.text(4))?,
        secrets: crm::Values::new(),
        enabled: row.flag(5),
    };
    for mut secret in desk.rows("SELECT code, value FROM account_secret WHERE account = $1", &[account.id.0.into()])? {
        let (code, value) = (secret.text(0), secret.text(1));
        account.secrets.set(code, from_json("secret", &value)?);
    }
    Ok(account)
}

/// Settings of accounts are read with every call of the outside and hardly ever change: each written form is read once.
fn settings(written: String) -> Outcome<Values> {
    static KNOWN: Mutex<BTreeMap<String, Values>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(values) = known.get(&written) {
        return Ok(values.clone());
    }
    let values: Values = from_json("account", &written)?;
    if known.len() >= MOST_KNOWN {
        known.clear();
    }
    known.insert(written, values.clone());
    Ok(values)
}

/// All accounts.
pub fn all(desk: &Desk<'_>) -> Outcome<Vec<Account>> {
    desk.rows(&format!("{ACCOUNT} ORDER BY id"), &[])?.into_iter().map(|row| read(desk, row)).collect()
}

/// One account.
pub fn one(desk: &Desk<'_>, id: AccountId) -> Outcome<Option<Account>> {
    desk.first(&format!("{ACCOUNT} WHERE id = $1"), &[id.0.into()])?.map(|row| read(desk, row)).transpose()
}

/// The account of a provider with this code.
pub fn by_code(desk: &Desk<'_>, provider: &str, code: &str) -> Outcome<Option<Account>> {
    desk.first(&format!("{ACCOUNT} WHERE provider = $1 AND code = $2"), &[provider.into(), code.into()])?.map(|row| read(desk, row)).transpose()
}

/// Saves an account. A secret that is given empty or not at all stays; one given as "no" is forgotten.
pub fn put(desk: &Desk<'_>, account: &mut Account) -> Outcome<()> {
    let taken = desk.first("SELECT id FROM account WHERE provider = $1 AND code = $2", &[account.provider.as_str().into(), account.code.as_str().into()])?;
    if taken.is_some_and(|row| row.int(0) != account.id.0) {
        let code = &account.code;
        return Err(
            Refusal::new("account_taken", format!("Канал с кодом «{code}» уже есть"), format!("There is a channel with the code {code} already")).into()
        );
    }
    let params: Vec<Cell> = vec![
        account.provider.as_str().into(),
        account.code.as_str().into(),
        account.title.as_str().into(),
        json(&account.settings).into(),
        account.enabled.into(),
    ];
    if account.id.0 == 0 {
        account.id =
            AccountId(desk.insert("INSERT INTO account (provider, code, title, settings, enabled) VALUES ($1, $2, $3, $4, $5) RETURNING id", &params)?);
    } else {
        let params: Vec<Cell> = params.into_iter().chain([account.id.0.into()]).collect();
        if desk.run("UPDATE account SET provider = $1, code = $2, title = $3, settings = $4, enabled = $5 WHERE id = $6", &params)? == 0 {
            return Err(Refusal::not_found().into());
        }
    }
    for (code, value) in &account.secrets.0 {
        if *value == Value::Flag(false) {
            desk.run("DELETE FROM account_secret WHERE account = $1 AND code = $2", &[account.id.0.into(), code.into()])?;
        } else if !value.is_empty() {
            desk.run(
                "INSERT INTO account_secret (account, code, value) VALUES ($1, $2, $3) ON CONFLICT (account, code) DO UPDATE SET value = excluded.value",
                &[account.id.0.into(), code.into(), json(value).into()],
            )?;
        }
    }
    Ok(())
}

/// Stores a raw call, once per account and key. A repeat gets the number of the first one.
pub fn journal(desk: &Desk<'_>, call: &mut InboundCall) -> Outcome<bool> {
    let key: Cell = (!call.key.is_empty()).then_some(call.key.as_str()).into();
    let written = desk.rows(
        "INSERT INTO inbound (account, at, remote, method, url, headers, body, key, state, answer) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         ON CONFLICT DO NOTHING RETURNING id",
        &[
            call.account.0.into(),
            call.at.0.into(),
            call.remote.as_str().into(),
            call.method.as_str().into(),
            call.url.as_str().into(),
            json(&call.headers).into(),
            call.body.as_slice().into(),
            key,
            call.state.as_str().into(),
            call.answer.as_str().into(),
        ],
    )?;
    match written.first() {
        Some(row) => call.id = InboundId(row.int(0)),
        None => {
            if let Some(known) = inbound(desk, call.account, &call.key)? {
                call.id = known.id;
            }
        }
    }
    Ok(!written.is_empty())
}

/// Writes down what became of a call.
pub fn close(desk: &Desk<'_>, id: InboundId, state: &str, answer: &str) -> Outcome<()> {
    desk.run("UPDATE inbound SET state = $1, answer = $2 WHERE id = $3", &[state.into(), answer.into(), id.0.into()]).map(drop)
}

/// The call with this identity.
pub fn inbound(desk: &Desk<'_>, account: AccountId, key: &str) -> Outcome<Option<InboundCall>> {
    if key.is_empty() {
        return Ok(None);
    }
    let row = desk.first(
        "SELECT id, account, at, remote, method, url, headers, body, key, state, answer FROM inbound WHERE account = $1 AND key = $2",
        &[account.0.into(), key.into()],
    )?;
    row.map(|mut row| {
        Ok(InboundCall {
            id: InboundId(row.int(0)),
            account: AccountId(row.int(1)),
            at: Moment(row.int(2)),
            remote: row.text(3),
            method: row.text(4),
            url: row.text(5),
            headers: from_json("headers", &row.text(6))?,
            body: row.bytes(7),
            key: row.text(8),
            state: row.text(9),
            answer: row.text(10),
        })
    })
    .transpose()
}
