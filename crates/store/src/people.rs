//! Staff, departments, roles, sessions, webhooks; the cards of stored files; settings of the firm.

use crate::columns::{from_json, json};
use crate::desk::Desk;
use crate::sql::{Cell, Row};
use crm::{Department, EntityTypeId, FileId, ItemRef, Lang, Moment, Outcome, Refusal, Role, Session, StoredFile, User, UserId, Values, Webhook, WebhookId};

const STAFF: &str =
    "SELECT id, login, password_hash, first_name, last_name, role, department, email, phone, lang, active, post, substitute, away_from, away_until FROM staff";

fn user_of(mut row: Row) -> User {
    User {
        id: UserId(row.int(0)),
        login: row.text(1),
        password_hash: row.text(2),
        first_name: row.text(3),
        last_name: row.text(4),
        role: row.text(5),
        department: row.int(6),
        email: row.text(7),
        phone: row.text(8),
        lang: Lang::from_code(&row.text(9)).unwrap_or_default(),
        active: row.flag(10),
        post: row.text(11),
        substitute: UserId(row.int(12)),
        away_from: row.maybe_int(13).map(Moment),
        away_until: row.maybe_int(14).map(Moment),
    }
}

/// One member of staff.
pub fn user(desk: &Desk<'_>, id: UserId) -> Outcome<Option<User>> {
    Ok(desk.first(&format!("{STAFF} WHERE id = $1"), &[id.0.into()])?.map(user_of))
}

/// The member of staff who signs in so.
pub fn user_by_login(desk: &Desk<'_>, login: &str) -> Outcome<Option<User>> {
    Ok(desk.first(&format!("{STAFF} WHERE login = $1"), &[login.into()])?.map(user_of))
}

/// All, in the order of their numbers.
pub fn users(desk: &Desk<'_>) -> Outcome<Vec<User>> {
    Ok(desk.rows(&format!("{STAFF} ORDER BY id"), &[])?.into_iter().map(user_of).collect())
}

/// Counts a change of people, departments or roles: whoever keeps their tree in memory reads it anew.
fn count_change(desk: &Desk<'_>) -> Outcome<()> {
    const VERSION: &str = "staff.version";
    let next = setting(desk, VERSION)?.int("n").unwrap_or(0) + 1;
    put_setting(desk, VERSION, &Values::from([("n", crm::Value::Int(next))]))
}

/// Saves a member of staff.
pub fn put_user(desk: &Desk<'_>, user: &mut User) -> Outcome<()> {
    count_change(desk)?;
    if user_by_login(desk, &user.login)?.is_some_and(|known| known.id != user.id) {
        let login = &user.login;
        return Err(Refusal::new("login_taken", format!("Логин «{login}» уже занят"), format!("The login {login} is taken")).into());
    }
    let mut params: Vec<Cell> = vec![
        user.login.as_str().into(),
        user.password_hash.as_str().into(),
        user.first_name.as_str().into(),
        user.last_name.as_str().into(),
        user.role.as_str().into(),
        user.department.into(),
        user.email.as_str().into(),
        user.phone.as_str().into(),
        user.lang.code().into(),
        user.active.into(),
        user.post.as_str().into(),
        user.substitute.0.into(),
        user.away_from.map(|at| at.0).into(),
        user.away_until.map(|at| at.0).into(),
    ];
    if user.id.0 == 0 {
        let sql = "INSERT INTO staff (login, password_hash, first_name, last_name, role, department, email, phone, lang, active, post, substitute, away_from, away_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id";
        user.id = UserId(desk.insert(sql, &params)?);
        return Ok(());
    }
    params.push(user.id.0.into());
    let sql = "UPDATE staff SET login = $1, password_hash = $2, first_name = $3, last_name = $4, role = $5, department = $6, email = $7, phone = $8, lang = $9, active = $10, post = $11, substitute = $12, away_from = $13, away_until = $14 WHERE id = $15";
    found(desk.run(sql, &params)?)
}

fn found(touched: u64) -> Outcome<()> {
    match touched {
        0 => Err(Refusal::not_found().into()),
        _ => Ok(()),
    }
}

/// Departments.
pub fn departments(desk: &Desk<'_>) -> Outcome<Vec<Department>> {
    let rows = desk.rows("SELECT id, code, title, parent, head, office, zone, closed FROM department ORDER BY id", &[])?;
    rows.into_iter()
        .map(|mut row| {
            Ok(Department {
                id: row.int(0),
                code: row.text(1),
                title: from_json("department", &row.text(2))?,
                parent: row.int(3),
                head: UserId(row.int(4)),
                office: row.flag(5),
                zone: row.text(6),
                closed: row.flag(7),
            })
        })
        .collect()
}

/// Saves a department.
pub fn put_department(desk: &Desk<'_>, department: &mut Department) -> Outcome<()> {
    count_change(desk)?;
    let taken = desk.first("SELECT id FROM department WHERE code = $1", &[department.code.as_str().into()])?;
    if taken.is_some_and(|row| row.int(0) != department.id) {
        let code = &department.code;
        return Err(Refusal::new(
            "department_taken",
            format!("Отдел с кодом «{code}» уже есть"),
            format!("There is a department with the code {code} already"),
        )
        .into());
    }
    let mut params: Vec<Cell> = vec![
        department.code.as_str().into(),
        json(&department.title).into(),
        department.parent.into(),
        department.head.0.into(),
        department.office.into(),
        department.zone.as_str().into(),
        department.closed.into(),
    ];
    if department.id == 0 {
        department.id =
            desk.insert("INSERT INTO department (code, title, parent, head, office, zone, closed) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id", &params)?;
        return Ok(());
    }
    params.push(department.id.into());
    found(desk.run("UPDATE department SET code = $1, title = $2, parent = $3, head = $4, office = $5, zone = $6, closed = $7 WHERE id = $8", &params)?)
}

/// Roles.
pub fn roles(desk: &Desk<'_>) -> Outcome<Vec<Role>> {
    desk.rows("SELECT body FROM role ORDER BY code", &[])?.into_iter().map(|mut row| from_json("role", &row.text(0))).collect()
}

/// Saves a role.
pub fn put_role(desk: &Desk<'_>, role: &Role) -> Outcome<()> {
    count_change(desk)?;
    desk.run(
        "INSERT INTO role (code, body) VALUES ($1, $2) ON CONFLICT (code) DO UPDATE SET body = excluded.body",
        &[role.code.as_str().into(), json(role).into()],
    )
    .map(drop)
}

const SESSION: &str = "SELECT token_hash, staff, created, expires, remote, agent FROM session";

fn session_of(mut row: Row) -> Session {
    Session {
        token_hash: row.bytes(0),
        user: UserId(row.int(1)),
        created: Moment(row.int(2)),
        expires: Moment(row.int(3)),
        remote: row.text(4),
        agent: row.text(5),
    }
}

/// The session with this hash of its token, unless it is over.
pub fn session(desk: &Desk<'_>, token_hash: &[u8], now: Moment) -> Outcome<Option<Session>> {
    Ok(desk.first(&format!("{SESSION} WHERE token_hash = $1 AND expires > $2"), &[token_hash.into(), now.0.into()])?.map(session_of))
}

/// Sessions of somebody that are not over, the newest first.
pub fn sessions_of(desk: &Desk<'_>, user: UserId, now: Moment) -> Outcome<Vec<Session>> {
    let rows = desk.rows(&format!("{SESSION} WHERE staff = $1 AND expires > $2 ORDER BY created DESC"), &[user.0.into(), now.0.into()])?;
    Ok(rows.into_iter().map(session_of).collect())
}

/// Begins a session, or prolongs it. Those that were over when it began are swept out.
pub fn put_session(desk: &Desk<'_>, session: &Session) -> Outcome<()> {
    desk.run("DELETE FROM session WHERE staff = $1 AND expires <= $2", &[session.user.0.into(), session.created.0.into()])?;
    desk.run(
        "INSERT INTO session (token_hash, staff, created, expires, remote, agent) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (token_hash) DO UPDATE SET expires = excluded.expires, remote = excluded.remote, agent = excluded.agent",
        &[
            session.token_hash.as_slice().into(),
            session.user.0.into(),
            session.created.0.into(),
            session.expires.0.into(),
            session.remote.as_str().into(),
            session.agent.as_str().into(),
        ],
    )
    .map(drop)
}

/// Ends one session.
pub fn end_session(desk: &Desk<'_>, token_hash: &[u8]) -> Outcome<()> {
    desk.run("DELETE FROM session WHERE token_hash = $1", &[token_hash.into()]).map(drop)
}

/// Ends all sessions of somebody.
pub fn end_sessions_of(desk: &Desk<'_>, user: UserId) -> Outcome<()> {
    desk.run("DELETE FROM session WHERE staff = $1", &[user.0.into()]).map(drop)
}

const WEBHOOK: &str = "SELECT id, staff, secret_hash, scopes, title, created, active FROM webhook";

fn webhook_of(mut row: Row) -> Outcome<Webhook> {
    Ok(Webhook {
        id: WebhookId(row.int(0)),
        user: UserId(row.int(1)),
        secret_hash: row.bytes(2),
        scopes: from_json("webhook", &row.text(3))?,
        title: row.text(4),
        created: Moment(row.int(5)),
        active: row.flag(6),
    })
}

/// The active webhook of a user with this hash of its secret.
pub fn webhook(desk: &Desk<'_>, user: UserId, secret_hash: &[u8]) -> Outcome<Option<Webhook>> {
    let row = desk.first(&format!("{WEBHOOK} WHERE staff = $1 AND secret_hash = $2 AND active = 1"), &[user.0.into(), secret_hash.into()])?;
    row.map(webhook_of).transpose()
}

/// All webhooks.
pub fn webhooks(desk: &Desk<'_>) -> Outcome<Vec<Webhook>> {
    desk.rows(&format!("{WEBHOOK} ORDER BY id"), &[])?.into_iter().map(webhook_of).collect()
}

/// Saves a webhook.
pub fn put_webhook(desk: &Desk<'_>, webhook: &mut Webhook) -> Outcome<()> {
    let mut params: Vec<Cell> = vec![
        webhook.user.0.into(),
        webhook.secret_hash.as_slice().into(),
        json(&webhook.scopes).into(),
        webhook.title.as_str().into(),
        webhook.created.0.into(),
        webhook.active.into(),
    ];
    if webhook.id.0 == 0 {
        let sql = "INSERT INTO webhook (staff, secret_hash, scopes, title, created, active) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id";
        webhook.id = WebhookId(desk.insert(sql, &params)?);
        return Ok(());
    }
    params.push(webhook.id.0.into());
    found(desk.run("UPDATE webhook SET staff = $1, secret_hash = $2, scopes = $3, title = $4, created = $5, active = $6 WHERE id = $7", &params)?)
}

/// Writes down that a webhook was used.
pub fn touch_webhook(desk: &Desk<'_>, id: WebhookId, at: Moment) -> Outcome<()> {
    desk.run("UPDATE webhook SET used = $1 WHERE id = $2", &[at.0.into(), id.0.into()]).map(drop)
}

const FILE: &str = "SELECT id, hash, name, mime, size, item_kind, item_id, staff, at FROM stored_file";

fn file_of(mut row: Row) -> StoredFile {
    StoredFile {
        id: FileId(row.int(0)),
        hash: row.text(1),
        name: row.text(2),
        mime: row.text(3),
        size: row.int(4),
        item: ItemRef::new(EntityTypeId(row.int(5)), row.int(6)),
        by: UserId(row.int(7)),
        at: Moment(row.int(8)),
    }
}

/// A stored file's card.
pub fn file(desk: &Desk<'_>, id: FileId) -> Outcome<Option<StoredFile>> {
    Ok(desk.first(&format!("{FILE} WHERE id = $1"), &[id.0.into()])?.map(file_of))
}

/// Files of a card, the newest first.
pub fn files_of(desk: &Desk<'_>, at: ItemRef) -> Outcome<Vec<StoredFile>> {
    let rows = desk.rows(&format!("{FILE} WHERE item_kind = $1 AND item_id = $2 ORDER BY id DESC"), &[at.kind.0.into(), at.id.into()])?;
    Ok(rows.into_iter().map(file_of).collect())
}

/// Saves the card of a stored file.
pub fn put_file(desk: &Desk<'_>, file: &mut StoredFile) -> Outcome<()> {
    let mut params: Vec<Cell> = vec![
        file.hash.as_str().into(),
        file.name.as_str().into(),
        file.mime.as_str().into(),
        file.size.into(),
        file.item.kind.0.into(),
        file.item.id.into(),
        file.by.0.into(),
        file.at.0.into(),
    ];
    if file.id.0 == 0 {
        let sql = "INSERT INTO stored_file (hash, name, mime, size, item_kind, item_id, staff, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id";
        file.id = FileId(desk.insert(sql, &params)?);
        return Ok(());
    }
    params.push(file.id.0.into());
    found(
        desk.run(
            "UPDATE stored_file SET hash = $1, name = $2, mime = $3, size = $4, item_kind = $5, item_id = $6, staff = $7, at = $8 WHERE id = $9",
            &params,
        )?,
    )
}

/// A setting of the firm; empty when it was never set.
pub fn setting(desk: &Desk<'_>, key: &str) -> Outcome<Values> {
    match desk.first("SELECT body FROM setting WHERE key = $1", &[key.into()])? {
        Some(mut row) => from_json("setting", &row.text(0)),
        None => Ok(Values::new()),
    }
}

/// Saves a setting of the firm.
pub fn put_setting(desk: &Desk<'_>, key: &str, values: &Values) -> Outcome<()> {
    desk.run("INSERT INTO setting (key, body) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET body = excluded.body", &[key.into(), json(values).into()])
        .map(drop)
}

/// Settings whose keys begin so, in the order of their keys.
pub fn settings(desk: &Desk<'_>, prefix: &str) -> Outcome<Vec<(String, Values)>> {
    // There are few settings; the letters of the prefix mean themselves, and the order is that of their codes.
    let mut found = Vec::new();
    for mut row in desk.rows("SELECT key, body FROM setting", &[])? {
        let key = row.text(0);
        if key.starts_with(prefix) {
            let values = from_json("setting", &row.text(1))?;
            found.push((key, values));
        }
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(found)
}
