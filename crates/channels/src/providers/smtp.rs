//! E-mail through the firm's own mail server.

use crate::provider::{Address, Ask, Capability, Outgoing, Provider};
use crate::providers::setting;
use courier::{Mail, SmtpServer, Tls};
use crm::field::Choice;
use crm::{About, Account, Field, FieldKind, Firm, Label, Refusal, Value, code};
use std::time::Duration;

/// The provider.
pub struct Smtp;

impl Provider for Smtp {
    fn about(&self) -> About {
        let text = |code, ru, en| Field::new(code, ru, en, FieldKind::Text);
        let tls = vec![
            Choice::new("starttls", "STARTTLS (порт 587)", "STARTTLS (port 587)"),
            Choice::new("tls", "TLS (порт 465)", "TLS (port 465)"),
            Choice::new("none", "Без шифрования", "None"),
        ];
        About {
            code: "smtp",
            title: Label::new("Эл. почта (SMTP)", "E-mail (SMTP)"),
            help: Label::new("Письма клиентам через почтовый сервер фирмы.", "Letters to clients through the firm's mail server."),
            group: Label::new("Почта", "Mail"),
            icon: "mail",
            settings: vec![
                text("host", "Сервер", "Server").required().help("smtp.example.com", "smtp.example.com"),
                Field::new("port", "Порт", "Port", FieldKind::Integer).default(Value::Int(587)),
                Field::new("tls", "Шифрование", "Encryption", FieldKind::Choice { options: tls }).default(Value::text("starttls")),
                text("user", "Логин", "Login"),
                Field::new("password", "Пароль", "Password", FieldKind::Secret),
                text("from", "Адрес отправителя", "Sender's address").required(),
                text("from_name", "Имя отправителя", "Sender's name"),
                text("reply_to", "Куда отвечать", "Address for answers").help("Пусто: на адрес отправителя", "Empty: to the sender"),
            ],
        }
    }

    fn can(&self) -> Capability {
        Capability {
            address: Address::Email,
            text: true,
            template: false,
            file: false,
            subject: true,
            receipt: false,
            once: true,
            lookup: false,
            valid_for: Some(Duration::from_secs(72 * 3_600)),
        }
    }

    fn check(&self, outgoing: &Outgoing<'_>, account: &Account) -> Result<(), Refusal> {
        let values = &outgoing.message.values;
        if values.text("body").trim().is_empty() {
            return Err(Refusal::new("empty_text", "Напишите текст письма", "Write the text of the letter"));
        }
        if crm::point::email(values.text("address")).is_none() {
            return Err(Refusal::new("no_email", "Это не похоже на адрес почты", "This does not look like an e-mail address"));
        }
        match crm::point::email(&setting(self, account, "from")) {
            Some(_) => Ok(()),
            None => Err(Refusal::new("bad_account", "В настройках почты не указан адрес отправителя", "The mail settings name no sender's address")),
        }
    }

    fn request(&self, outgoing: &Outgoing<'_>, account: &Account, firm: &Firm) -> Result<Ask, Refusal> {
        let values = &outgoing.message.values;
        let port = account.settings.int("port").unwrap_or(587);
        let wrong_port = || Refusal::new("bad_account", "В настройках почты неверный порт", "The mail settings name a wrong port");
        let server = SmtpServer {
            host: setting(self, account, "host"),
            port: u16::try_from(port).ok().filter(|port| *port > 0).ok_or_else(wrong_port)?,
            tls: match setting(self, account, "tls").as_str() {
                "none" => Tls::None,
                "tls" => Tls::Tls,
                _ => Tls::StartTls,
            },
            user: setting(self, account, "user"),
            password: account.secrets.text("password").to_owned(),
        };
        let written = values.moment(code::CREATED_AT).unwrap_or(outgoing.now);
        let mail = Mail {
            from: setting(self, account, "from"),
            from_name: setting(self, account, "from_name"),
            to: values.text("address").to_owned(),
            reply_to: setting(self, account, "reply_to"),
            subject: values.text("subject").to_owned(),
            text: values.text("body").to_owned(),
            message_id: message_id(outgoing, firm),
            date_seconds: u64::try_from(written.seconds()).unwrap_or(0),
        };
        Ok(Ask::Mail { server, mail })
    }

    fn explain(&self, code: &str) -> Option<Label> {
        let (ru, en) = match code {
            "421" | "450" | "451" | "452" => ("Почтовый сервер просит повторить позже", "The mail server asks to try again later"),
            "530" | "534" | "535" => ("Почтовый сервер не принял логин или пароль", "The mail server did not accept login or password"),
            "550" | "551" | "553" => ("Такого почтового ящика нет", "There is no such mailbox"),
            "552" => ("Ящик переполнен", "The mailbox is full"),
            "554" => ("Письмо отклонено как нежелательное", "The letter was rejected as unwanted"),
            _ => return None,
        };
        Some(Label::new(ru, en))
    }
}

/// The same at every repeat and after every restart: `<m.7.660b002568880@crm.example.com>` (providers.md §6).
fn message_id(outgoing: &Outgoing<'_>, firm: &Firm) -> String {
    let host = firm.public_url.split("://").last().unwrap_or_default().split(['/', ':']).next().unwrap_or_default();
    let host = if host.is_empty() { "vekha.invalid" } else { host };
    let written = outgoing.message.values.moment(code::CREATED_AT).unwrap_or_default().0;
    format!("<m.{}.{written:x}@{host}>", outgoing.message.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crm::{AccountId, Item, Lang, Moment, Values, kind};

    fn firm() -> Firm {
        Firm {
            public_url: "https://crm.example.com:8480".into(),
            zone: jiff::tz::TimeZone::UTC,
            lang: Lang::Ru,
            private_calls: false,
            signing_key: Vec::new(),
            files: std::path::PathBuf::new(),
        }
    }

    fn account(settings: Values) -> Account {
        let secrets = Values::from([("password", Value::text("secret"))]);
        Account { id: AccountId(1), provider: "smtp".into(), code: "main".into(), title: "Почта".into(), settings, secrets, enabled: true }
    }

    fn settings() -> Values {
        Values::from([("host", Value::text("smtp.example.com")), ("from", Value::text("info@example.com"))])
    }

    fn message() -> Item {
        let values = Values::from([
            ("address", Value::text("ivanov@example.com")),
            ("subject", Value::text("Итоги")),
            ("body", Value::text("Здравствуйте!")),
            ("created_at", Value::moment(Moment(1_795_158_930_000_000))),
        ]);
        Item { kind: kind::MESSAGE, id: 7, version: 1, values }
    }

    fn ask(account: &Account, now: Moment) -> (SmtpServer, Mail) {
        match Smtp.request(&Outgoing { message: &message(), contact: None, now }, account, &firm()) {
            Ok(Ask::Mail { server, mail }) => (server, mail),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_repeat_is_the_same_letter_to_the_last_byte() {
        let account = account(settings());
        let (first, again) = (ask(&account, Moment(1)), ask(&account, Moment(999_999_999_999)));
        assert_eq!(first, again);
        assert_eq!(first.1.message_id, "<m.7.660b002568880@crm.example.com>");
    }

    #[test]
    fn encryption_is_on_unless_it_is_switched_off() {
        assert_eq!((ask(&account(settings()), Moment(1)).0.tls, ask(&account(settings()), Moment(1)).0.port), (Tls::StartTls, 587));
        assert_eq!(ask(&account(settings().with("tls", Value::text("none"))), Moment(1)).0.tls, Tls::None);
        assert!(
            Smtp.request(&Outgoing { message: &message(), contact: None, now: Moment(1) }, &account(settings().with("port", Value::Int(70_000))), &firm())
                .is_err()
        );
    }

    #[test]
    fn a_letter_without_text_or_address_is_refused_before_it_is_queued() {
        let account = account(settings());
        let code = |field: &str, text: &str| {
            let mut message = message();
            message.values.set(field, Value::text(text));
            Smtp.check(&Outgoing { message: &message, contact: None, now: Moment(1) }, &account).err().map(|refusal| refusal.code.into_owned())
        };
        assert_eq!(code("body", "  ").as_deref(), Some("empty_text"));
        assert_eq!(code("address", "ivanov").as_deref(), Some("no_email"));
        assert_eq!(code("subject", "").as_deref(), None);
    }
}
