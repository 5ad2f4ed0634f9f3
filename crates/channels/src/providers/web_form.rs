//! A form on the firm's site or on its landing page: no vendor, the visitor's browser calls us itself.

pub use crate::form::ask::{Form, Question, form_of};
pub use crate::form::token::{Token, render_token};

use crate::body::{self, Pairs, header, one};
use crate::form::ask::lang;
use crate::form::marks::{clean, marks};
use crate::form::token;
use crate::provider::{Address, Answer, Capability, Consent, Filled, Inbound, Provider};
use crm::{About, Account, Field, FieldKind, Firm, InboundCall, Item, Label, Moment, Refusal, Value};
use sha2::{Digest as _, Sha256};

/// Name of the input that a person does not see and leaves empty; whoever fills it in is a robot.
pub const HONEYPOT: &str = "website_url";
/// Name of the box of the consent to the processing of personal data.
pub const CONSENT: &str = "consent";
/// Name of the box of the consent to mailings.
pub const CONSENT_ADS: &str = "consent_ads";
/// Name of the hidden input with the address of the page.
pub const LANDING: &str = "landing";
/// Name of the hidden input with the address from which the visitor came.
pub const REFERRER: &str = "referrer";
/// Name of the hidden input with the language in which the form was shown.
pub const LANG: &str = "lang";
/// Submissions from one address in an hour, unless set otherwise (domain.md C.14).
pub const PER_HOUR: i64 = 5;

/// The provider.
pub struct WebForm;

impl Provider for WebForm {
    fn about(&self) -> About {
        let text = |code, ru, en| Field::new(code, ru, en, FieldKind::Text);
        let long = |code, ru, en| Field::new(code, ru, en, FieldKind::LongText);
        let question = vec![
            text("field", "Поле", "Field").required().help(
                "contact.phone — поле клиента, lead.region — поле того, что создаётся",
                "contact.phone is a field of the client, lead.region of what is made",
            ),
            text("title", "Вопрос", "Question"),
            text("title_en", "Вопрос по-английски", "Question in English"),
            Field::new("required", "Обязательный", "Required", FieldKind::Flag),
        ];
        About {
            code: "web_form",
            title: Label::new("Форма на сайте", "Web form"),
            help: Label::new(
                "Заполненная форма становится клиентом и заявкой или другой карточкой. Есть готовая страница и код для вставки.",
                "A filled form becomes a client and a lead, or another card. There is a ready page and a code to embed.",
            ),
            group: Label::new("Сайт", "Site"),
            icon: "forms",
            settings: vec![
                text("heading", "Заголовок", "Heading"),
                text("heading_en", "Заголовок по-английски", "Heading in English"),
                long("lead", "Текст под заголовком", "Text under the heading"),
                long("lead_en", "Текст под заголовком по-английски", "Text under the heading in English"),
                long("thanks", "Благодарность", "Thanks"),
                long("thanks_en", "Благодарность по-английски", "Thanks in English"),
                long("warning", "Предупреждение по закону", "Legal warning"),
                long("warning_en", "Предупреждение по-английски", "Legal warning in English"),
                long("consent", "Согласие на обработку данных", "Consent to data processing").help(
                    "Отдельная галочка, без неё форма не отправится. Пусто: галочки нет",
                    "A box of its own without which nothing is sent. Empty: no such box",
                ),
                long("consent_en", "Согласие по-английски", "Consent in English"),
                long("consent_ads", "Согласие на рассылки", "Consent to mailings")
                    .help("Необязательная галочка. Пусто: галочки нет", "An optional box. Empty: no such box"),
                long("consent_ads_en", "Согласие на рассылки по-английски", "Consent to mailings in English"),
                text("kind", "Что создавать", "What is made").help(
                    "Код типа записей. Пусто: заявка (lead), а в фирме без заявок сделка (deal)",
                    "Code of a type of records. Empty: a lead, or a deal in a firm without leads",
                ),
                text("responsible", "Ответственный", "Responsible").default(Value::text("role:operator")).help(
                    "role:operator — у кого из роли меньше всего открытых; user:7; department:sales",
                    "role:operator takes the one of the role with the fewest open ones; user:7; department:sales",
                ),
                Field::new("per_hour", "Заявок с одного адреса в час", "Submissions from one address in an hour", FieldKind::Integer)
                    .default(Value::Int(PER_HOUR))
                    .help("0 — без ограничения", "0 is no limit"),
                Field::new("questions", "Вопросы", "Questions", FieldKind::Record { fields: question }).multiple().required(),
            ],
        }
    }

    fn can(&self) -> Capability {
        Capability {
            address: Address::Nobody,
            text: false,
            template: false,
            file: false,
            subject: false,
            receipt: false,
            once: false,
            lookup: false,
            valid_for: None,
        }
    }

    fn webhook(&self, call: &InboundCall, account: &Account, firm: &Firm, now: Moment) -> Result<Vec<Inbound>, Refusal> {
        let fields = fields(call)?;
        if !one(&fields, HONEYPOT).is_empty() {
            return Ok(vec![Inbound::Nothing]);
        }
        let nonce = one(&fields, token::NONCE);
        token::check(firm, account, nonce, one(&fields, token::AT), one(&fields, token::SIGNATURE), now)?;
        let form = form_of(account);
        let lang = lang(one(&fields, LANG), firm.lang);
        let answers = answers(&form, &fields)?;
        let landing = match one(&fields, LANDING) {
            "" => header(call, "referer"),
            page => page,
        };
        let consent = |kind: &'static str, text: &Label| Consent {
            kind,
            text_hash: Sha256::digest(text.get(lang)).iter().map(|byte| format!("{byte:02x}")).collect(),
            ip: clean(&call.remote, 64),
            agent: clean(header(call, "user-agent"), 255),
        };
        let boxes = [(CONSENT, &form.consent), (CONSENT_ADS, &form.consent_ads)];
        let given = boxes.into_iter().filter(|(kind, text)| !text.ru.is_empty() && is_ticked(one(&fields, kind)));
        Ok(vec![Inbound::Form(Box::new(Filled {
            nonce: nonce.to_owned(),
            marks: marks(&fields, &call.url, landing),
            landing: clean(landing, 2_000),
            referrer: clean(one(&fields, REFERRER), 2_000),
            consents: given.map(|(kind, text)| consent(kind, text)).collect(),
            answers,
            lang,
        }))])
    }

    fn answer(&self, _account: &Account, made: Option<&Item>) -> Answer {
        let number = made.map(|card| card.id.to_string()).unwrap_or_default();
        Answer {
            status: 200,
            content_type: "application/json; charset=utf-8".to_owned(),
            body: serde_json::json!({ "ok": true, "number": number }).to_string(),
        }
    }
}

fn fields(call: &InboundCall) -> Result<Pairs, Refusal> {
    let kind = header(call, "content-type").split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let fields = match kind.as_str() {
        "application/json" => body::json(&call.body),
        "" | "application/x-www-form-urlencoded" => body::urlencoded(&call.body),
        _ => Err(Refusal::new(
            "bad_body",
            "Отправьте форму как application/x-www-form-urlencoded или JSON",
            "Send the form as application/x-www-form-urlencoded or JSON",
        )),
    }?;
    match fields.iter().any(|(name, value)| name.contains('\0') || value.contains('\0')) {
        true => Err(Refusal::new("bad_text", "В тексте есть недопустимый знак", "The text holds a forbidden character")),
        false => Ok(fields),
    }
}

/// Answers to the questions of the form; what it did not ask is passed over.
fn answers(form: &Form, fields: &Pairs) -> Result<Vec<(String, Vec<String>)>, Refusal> {
    let mut given = Vec::new();
    let mut missing = Vec::new();
    for question in &form.questions {
        let typed = fields.iter().filter(|(name, _)| *name == question.name).map(|(_, value)| value.trim().to_owned());
        let typed: Vec<String> = typed.filter(|value| !value.is_empty()).collect();
        match typed.is_empty() {
            true if question.required => {
                let title = if question.title.ru.is_empty() { Label::same(&question.name) } else { question.title.clone() };
                missing.push((question.name.clone(), Label::new(format!("Заполните «{}»", title.ru), format!("Fill in {}", title.en))));
            }
            true => {}
            false => given.push((question.name.clone(), typed)),
        }
    }
    if !form.consent.ru.is_empty() && !is_ticked(one(fields, CONSENT)) {
        missing.push((
            CONSENT.to_owned(),
            Label::new("Без согласия на обработку данных заявку принять нельзя", "Without the consent to data processing the application cannot be taken"),
        ));
    }
    match missing.is_empty() {
        true => Ok(given),
        false => Err(Refusal { fields: missing, ..Refusal::new("wrong_values", "Проверьте поля формы", "Check the fields of the form") }),
    }
}

fn is_ticked(value: &str) -> bool {
    matches!(value.trim().to_lowercase().as_str(), "1" | "on" | "yes" | "y" | "true" | "да")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crm::time::Chance;
    use crm::{AccountId, Lang, Values};
    use std::time::Duration;

    struct Counting;
    impl Chance for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            for (at, byte) in buffer.iter_mut().enumerate() {
                *byte = u8::try_from(at * 7 % 200).unwrap();
            }
        }
    }

    fn firm() -> Firm {
        Firm {
            public_url: "https://crm.example.com".into(),
            zone: jiff::tz::TimeZone::UTC,
            lang: Lang::Ru,
            private_calls: false,
            signing_key: b"key".to_vec(),
            files: std::path::PathBuf::new(),
        }
    }

    /// The form that the pack ships, accepted by the provider's own questions.
    fn account() -> Account {
        let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs/debt-relief/accounts.toml")).unwrap();
        let pack: crm::pack::PackAccounts = toml::from_str(&text).unwrap();
        let given = pack.accounts.into_iter().find(|one| one.provider == "web_form").unwrap();
        let settings = WebForm.about().accept(&given.settings).unwrap();
        Account { id: AccountId(1), provider: given.provider, code: given.code, title: given.title, settings, secrets: Values::new(), enabled: true }
    }

    const SHOWN: Moment = Moment(1_795_158_930_000_000);

    fn call(fields: &[(&str, &str)]) -> InboundCall {
        let token = render_token(&firm(), &account(), SHOWN, &Counting).fields();
        let all = token.iter().map(|(name, value)| (name.as_str(), value.as_str())).filter(|(name, _)| !fields.iter().any(|(given, _)| given == name));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(all.chain(fields.iter().copied())).finish();
        InboundCall {
            id: crm::InboundId(0),
            account: AccountId(1),
            at: SHOWN,
            remote: "203.0.113.7".into(),
            method: "POST".into(),
            url: "/f/application?utm_medium=cpc".into(),
            headers: vec![("content-type".into(), "application/x-www-form-urlencoded; charset=utf-8".into()), ("user-agent".into(), "Firefox".into())],
            body: body.into_bytes(),
            key: String::new(),
            state: String::new(),
            answer: String::new(),
        }
    }

    const GOOD: [(&str, &str); 4] = [("contact.first_name", " Иван "), ("contact.phone", "8 999 000 11 22"), ("consent", "on"), ("utm_source", "yandex")];

    fn read(call: &InboundCall, seconds: u64) -> Result<Vec<Inbound>, Refusal> {
        WebForm.webhook(call, &account(), &firm(), SHOWN.plus(Duration::from_secs(seconds)))
    }

    fn filled(call: &InboundCall) -> Filled {
        match read(call, 10).unwrap().remove(0) {
            Inbound::Form(filled) => *filled,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_filled_form_brings_answers_marks_and_the_consent_with_the_hash_of_its_text() {
        let filled = filled(&call(&GOOD));
        assert_eq!(filled.answers[0], ("contact.first_name".to_owned(), vec!["Иван".to_owned()]));
        assert_eq!((filled.marks.text("utm_source"), filled.marks.text("utm_medium")), ("yandex", "cpc"));
        assert_eq!(filled.consents.len(), 1);
        let consent = &filled.consents[0];
        assert_eq!((consent.kind, consent.ip.as_str(), consent.agent.as_str()), ("consent", "203.0.113.7", "Firefox"));
        let hash: String = Sha256::digest("Даю согласие на обработку персональных данных").iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(consent.text_hash, hash);
    }

    #[test]
    fn the_english_form_keeps_the_hash_of_the_english_text() {
        let russian = filled(&call(&GOOD)).consents[0].text_hash.clone();
        let mut fields = GOOD.to_vec();
        fields.push(("lang", "en"));
        assert_ne!(filled(&call(&fields)).consents[0].text_hash, russian);
    }

    #[test]
    fn a_form_is_refused_before_two_seconds_and_after_a_day() {
        for (seconds, expected) in [(0, Some("form_too_fast")), (1, Some("form_too_fast")), (2, None), (86_400, None), (86_401, Some("form_stale"))] {
            let code = read(&call(&GOOD), seconds).err().map(|refusal| refusal.code.into_owned());
            assert_eq!(code.as_deref(), expected, "{seconds}");
        }
    }

    #[test]
    fn a_forged_rendering_is_refused_in_every_variant() {
        let token = render_token(&firm(), &account(), SHOWN, &Counting);
        let other = render_token(&Firm { signing_key: b"other".to_vec(), ..firm() }, &account(), SHOWN, &Counting);
        let foreign = render_token(&firm(), &Account { id: AccountId(2), ..account() }, SHOWN, &Counting);
        let later = (SHOWN.0 + 1).to_string();
        let upper = token.signature.to_uppercase();
        let longer = format!("{}0", token.signature);
        for forged in [
            ("form_sign", ""),
            ("form_sign", "0"),
            ("form_sign", &other.signature),
            ("form_sign", &foreign.signature),
            ("form_sign", &upper),
            ("form_sign", &longer),
            ("form_sign", &token.signature[1..]),
            ("form_at", &later),
            ("form_at", ""),
            ("form_at", "x"),
            ("form_nonce", "AAAAAAAAAAAAAAAAAAAAAA"),
            ("form_nonce", ""),
            ("form_nonce", "a\nb"),
        ] {
            let mut fields = GOOD.to_vec();
            fields.push(forged);
            assert_eq!(read(&call(&fields), 10).unwrap_err().code, "form_forged", "{forged:?}");
        }
    }

    #[test]
    fn every_missing_answer_is_named() {
        let refusal = read(&call(&[("contact.first_name", "   "), ("consent", "0")]), 10).unwrap_err();
        let named: Vec<&str> = refusal.fields.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(named, ["contact.first_name", "contact.phone", "consent"]);
        assert!(refusal.fields[1].1.ru.contains("Телефон") && refusal.fields[1].1.en.contains("Phone"));
    }

    #[test]
    fn a_robot_in_the_trap_gets_a_polite_answer_whatever_else_it_sent() {
        assert_eq!(read(&call(&[("website_url", "http://spam.example"), ("form_sign", "x")]), 0).unwrap(), [Inbound::Nothing]);
    }

    #[test]
    fn json_is_taken_like_a_form() {
        let token = render_token(&firm(), &account(), SHOWN, &Counting);
        let body = serde_json::json!({
            "contact": { "first_name": "Иван", "phone": "+79990001122" }, "consent": true,
            "form_nonce": token.nonce, "form_at": token.at.0, "form_sign": token.signature,
        });
        let call = InboundCall { headers: vec![("content-type".into(), "application/json".into())], body: body.to_string().into_bytes(), ..call(&GOOD) };
        assert_eq!(filled(&call).answers.len(), 2);
    }

    #[test]
    fn unreadable_bodies_are_refused() {
        let broken = |kind: &str, body: &[u8]| {
            let call = InboundCall { headers: vec![("content-type".into(), kind.into())], body: body.to_vec(), ..call(&GOOD) };
            read(&call, 10).unwrap_err().code.into_owned()
        };
        assert_eq!(broken("application/json", b"{"), "bad_body");
        assert_eq!(broken("application/json", &b"[".repeat(10_000)), "bad_body");
        assert_eq!(broken("multipart/form-data; boundary=x", b"--x"), "bad_body");
        assert_eq!(broken("application/x-www-form-urlencoded", b"contact.phone=%ff"), "bad_text");
        assert_eq!(broken("application/x-www-form-urlencoded", b"contact.phone=%00"), "bad_text");
        assert_eq!(broken("application/x-www-form-urlencoded", &vec![b'a'; 10_000_000]), "too_large");
    }
}
