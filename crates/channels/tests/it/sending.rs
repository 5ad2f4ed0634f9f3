//! Messages put into the queue.

use crate::office::Office;
use crm::{Command, Item, Value, Values, kind};

pub fn template(deal: &Item, key: &str) -> Command {
    Command::SendMessage {
        about: deal.at(),
        channel: "twilio_whatsapp".into(),
        template: "application_received".into(),
        text: "Иван, здравствуйте! Специалист Анна позвонит в течение 15 минут.".into(),
        subject: String::new(),
        variables: Values::from([("1", Value::text("Иван\n Иванович")), ("2", Value::text("Анна"))]),
        key: key.into(),
    }
}

pub fn letter(deal: &Item) -> Command {
    Command::SendMessage {
        about: deal.at(),
        channel: "smtp".into(),
        template: String::new(),
        text: "Здравствуйте!".into(),
        subject: "Итоги".into(),
        variables: Values::new(),
        key: String::new(),
    }
}

fn free(deal: &Item, text: &str) -> Command {
    Command::SendMessage {
        about: deal.at(),
        channel: "twilio_whatsapp".into(),
        template: String::new(),
        text: text.into(),
        subject: String::new(),
        variables: Values::new(),
        key: String::new(),
    }
}

#[test]
fn a_queued_template_knows_its_client_its_approved_twin_and_its_places() {
    let office = Office::open();
    let (client, deal) = office.ivanov();
    let message = office.send(template(&deal, "run:1")).unwrap();
    let values = &message.values;
    assert_eq!((values.text("address"), values.text("status"), values.text("direction"), message.contact()), ("+79990001122", "queued", "out", client.id));
    assert_eq!(values.text("content_sid"), "HX0123456789abcdef0123456789abcdef");
    assert_eq!(values.text("variables"), "{\"1\":\"Иван Иванович\",\"2\":\"Анна\"}");
    assert_eq!(office.facts(message.at()), ["created", "message_queued"]);
    let job = office.claim().unwrap();
    assert_eq!((job.command, job.key), (Command::Deliver { message: message.at() }, format!("deliver:{}", message.id)));
}

#[test]
fn the_same_key_is_the_same_message() {
    let office = Office::open();
    let (_, deal) = office.ivanov();
    let first = office.send(template(&deal, "run:1")).unwrap();
    assert_eq!(office.send(template(&deal, "run:1")).unwrap().id, first.id);
    assert_ne!(office.send(template(&deal, "run:2")).unwrap().id, first.id);
    assert_ne!(office.send(template(&deal, "")).unwrap().id, office.send(template(&deal, "")).unwrap().id);
    assert_eq!(office.all(kind::MESSAGE).len(), 4);
}

#[test]
fn what_cannot_be_sent_is_refused_in_plain_words_and_leaves_no_trace() {
    let office = Office::open();
    let (client, deal) = office.ivanov();
    let code = |command: Command| office.send(command).unwrap_err().code.into_owned();
    let before = office.events().len();
    assert_eq!(code(free(&deal, "Добрый день")), "63016");
    assert_eq!(
        code(Command::SendMessage {
            about: deal.at(),
            channel: "twilio_whatsapp".into(),
            template: "no_such".into(),
            text: "x".into(),
            subject: String::new(),
            variables: Values::new(),
            key: String::new()
        }),
        "no_template"
    );
    assert_eq!(
        code(Command::SendMessage {
            about: deal.at(),
            channel: "pigeon".into(),
            template: String::new(),
            text: "x".into(),
            subject: String::new(),
            variables: Values::new(),
            key: String::new()
        }),
        "unknown_channel"
    );
    assert_eq!(
        code(Command::SendMessage {
            about: deal.at(),
            channel: "web_form".into(),
            template: String::new(),
            text: "x".into(),
            subject: String::new(),
            variables: Values::new(),
            key: String::new()
        }),
        "receives_only"
    );
    assert_eq!(office.events().len(), before);
    let (cause, at) = (office.system(), client.at());
    office
        .house
        .transact(move |tx| crm::item::change(tx, &crm::Rights::system(), &cause, at, &Values::from([("phone", Value::Null), ("email", Value::Null)])))
        .unwrap();
    assert_eq!(code(template(&deal, "")), "no_phone");
    assert_eq!(code(letter(&deal)), "no_email");
    let mut mail = office.mail.clone();
    mail.enabled = false;
    office.house.transact(move |tx| tx.put_account(&mut mail)).unwrap();
    assert_eq!(code(letter(&deal)), "no_account");
    assert!(office.all(kind::MESSAGE).is_empty() && office.claim().is_none());
}

#[test]
fn a_free_text_goes_within_a_day_of_the_clients_message() {
    let office = Office::open();
    let (client, deal) = office.ivanov();
    let (cause, at) = (office.system(), client.at());
    office
        .house
        .transact(move |tx| crm::item::change(tx, &crm::Rights::system(), &cause, at, &Values::from([("last_inbound_at", Value::moment(cause.at))])))
        .unwrap();
    office.advance(86_399);
    office.send(free(&deal, "Добрый день")).unwrap();
    office.advance(1);
    assert_eq!(office.send(free(&deal, "Добрый день")).unwrap_err().code, "63016");
}

#[test]
fn whoever_may_not_change_the_card_cannot_write_to_its_client() {
    let office = Office::open();
    let (_, deal) = office.ivanov();
    let rights = crm::Rights { user: office.vera.id, ..crm::Rights::default() };
    let (firm, cause, command) = (office.house.firm.clone(), office.system(), template(&deal, ""));
    assert!(office.house.transact(move |tx| channels::send::queue(tx, &firm, &rights, &cause, &command)).is_err());
    assert!(office.all(kind::MESSAGE).is_empty());
}
