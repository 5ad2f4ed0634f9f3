//! A message to a client: address and account are found, what the provider would refuse is refused at once, and the
//! message is put into the queue. It is handed over by `delivery`.

use crate::provider::{Address, Outgoing, Provider};
use crate::providers;
use crm::{Account, Action, Cause, Command, Fact, Filter, Firm, Item, ItemRef, Job, Op, Outcome, Query, Read, Refusal, Rights, Tx, Value, Values, code, kind};

/// A client waits for it: goes before what only staff or masses wait for.
const PRIORITY: i64 = 10;

/// Puts a message to the client of a card into the queue. The same key gives the same message again.
///
/// # Errors
/// Says in plain words why it cannot be sent: no account, no address, no text, the 24 hours of WhatsApp are over.
pub fn queue(tx: &mut dyn Tx, _firm: &Firm, rights: &Rights, cause: &Cause, command: &Command) -> Outcome<Item> {
    let Command::SendMessage { about, channel, template, text, subject, variables, key } = command else {
        return Err(Refusal::new("not_a_message", "Это не сообщение", "This is no message").into());
    };
    let card = crm::item::demand(tx.read(), rights, Action::Change, *about)?;
    if !key.is_empty() {
        tx.one_at_a_time(&format!("send:{key}"))?;
        if let Some(known) = first(tx.read(), kind::MESSAGE, "send_key", key)? {
            return Ok(known);
        }
    }
    let provider = providers::find(channel)?;
    let account = account(tx.read(), provider)?;
    let contact = contact(tx.read(), &card)?;
    let address = address(provider, contact.as_ref())?;
    let text = text.replace("\r\n", "\n").replace('\0', "");
    let mut values = Values::from([
        (code::TITLE, Value::text(title(subject, &text))),
        (code::ABOUT, Value::item(card.at())),
        (code::RESPONSIBLE, Value::user(card.responsible())),
        ("account", Value::Int(account.id.0)),
        ("provider", Value::text(&account.provider)),
        ("direction", Value::text("out")),
        ("address", Value::text(address)),
        ("body", Value::text(&text)),
        ("template", Value::text(template)),
        ("status", Value::text(crm::Delivery::Queued.code())),
        ("send_key", Value::text(key)),
    ]);
    if let Some(contact) = &contact {
        values.set(code::CONTACT, Value::Int(contact.id));
    }
    if provider.can().subject {
        values.set("subject", Value::text(subject.chars().take(255).collect::<String>()));
    }
    if provider.can().template && !template.is_empty() {
        approved(tx.read(), &account, template, variables, &mut values)?;
    }
    let draft = Item { kind: kind::MESSAGE, id: 0, version: 0, values: values.clone() };
    provider.check(&Outgoing { message: &draft, contact: contact.as_ref(), now: cause.at }, &account)?;
    // The right to write to the client of the card was asked above; the message belongs to whoever answers for the card.
    let message = crm::item::create(tx, &Rights::system(), cause, kind::MESSAGE, &values)?;
    tx.record(&message, cause, Fact::MessageQueued { message: message.at() })?;
    let job = Job {
        priority: PRIORITY,
        event: cause.event,
        depth: cause.depth,
        expires: provider.can().valid_for.map(|valid| cause.at.plus(valid)),
        ..Job::new(Command::Deliver { message: message.at() }, cause.at, format!("deliver:{}", message.id))
    };
    tx.enqueue(&job)?;
    Ok(message)
}

/// The first enabled account of the provider.
fn account(read: &dyn Read, provider: &dyn Provider) -> Outcome<Account> {
    let about = provider.about();
    let found = read.accounts()?.into_iter().filter(|account| account.enabled && account.provider == about.code).min_by_key(|account| account.id);
    found.ok_or_else(|| {
        Refusal::new("no_account", format!("Канал «{}» не подключён", about.title.ru), format!("The channel {} is not connected", about.title.en)).into()
    })
}

/// The client of a card; the card itself when it is a client.
pub(crate) fn contact(read: &dyn Read, card: &Item) -> Outcome<Option<Item>> {
    match card.contact() {
        0 => Ok(None),
        id => read.item(&Rights::system(), ItemRef::new(kind::CONTACT, id)),
    }
}

fn address(provider: &dyn Provider, contact: Option<&Item>) -> Result<String, Refusal> {
    let Some(contact) = contact else {
        return Err(Refusal::new("no_client", "В карточке не указан клиент: писать некому", "The card names no client: there is nobody to write to"));
    };
    let first = |field: &str| contact.values.points(field).first().map(|point| point.normal.clone());
    match provider.can().address {
        Address::Phone => first(code::PHONE).ok_or_else(|| Refusal::new("no_phone", "У клиента не указан телефон", "The client has no phone number")),
        Address::Email => first(code::EMAIL).ok_or_else(|| Refusal::new("no_email", "У клиента не указан адрес почты", "The client has no e-mail address")),
        Address::Nobody => Err(Refusal::new("receives_only", "Через этот канал нельзя написать клиенту", "Clients cannot be written to through this channel")),
    }
}

/// The approved template behind our own one, with its filled places in order.
fn approved(read: &dyn Read, account: &Account, template: &str, variables: &Values, values: &mut Values) -> Outcome<()> {
    let query = Query::of(kind::TEMPLATE).filter(Filter::is("code", Op::Eq, Value::text(template))).sorted(code::ID, false).limit(50);
    let found = read.items(&Rights::system(), &query)?.into_iter().find(|found| found.values.text("channel") == account.provider);
    let Some(found) = found else {
        return Err(Refusal::new("no_template", format!("Шаблона «{template}» нет"), format!("There is no template {template}")).into());
    };
    let sid = found.values.text("content_sid");
    if sid.is_empty() {
        return Ok(());
    }
    values.set("content_sid", Value::text(sid));
    // WhatsApp refuses line breaks and long gaps inside a place.
    let plain = |value: &Value| match value {
        Value::Text(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Value::Int(number) => number.to_string(),
        _ => String::new(),
    };
    let filled: std::collections::BTreeMap<&String, String> = variables.0.iter().map(|(number, value)| (number, plain(value))).collect();
    if !filled.is_empty() {
        values.set("variables", Value::text(serde_json::to_string(&filled).unwrap_or_default()));
    }
    Ok(())
}

/// The first item with this answer.
fn first(read: &dyn Read, of: crm::EntityTypeId, field: &str, value: &str) -> Outcome<Option<Item>> {
    let query = Query::of(of).filter(Filter::is(field, Op::Eq, Value::text(value))).sorted(code::ID, false).limit(1);
    Ok(read.items(&Rights::system(), &query)?.into_iter().next())
}

/// What stands for a message in lists.
pub(crate) fn title(subject: &str, text: &str) -> String {
    let line = if subject.trim().is_empty() { text } else { subject };
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.chars().count() {
        0 => "—".to_owned(),
        1..=80 => line,
        _ => format!("{}…", line.chars().take(79).collect::<String>()),
    }
}
