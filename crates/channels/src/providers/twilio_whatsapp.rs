//! WhatsApp through Twilio: approved templates at any time, free texts within 24 hours of the client's last message.

use crate::body::{self, Pairs, header, one};
use crate::provider::{Address, Answered, Ask, Capability, Found, Inbound, Letter, Outgoing, Provider, Receipt, Report};
use crate::providers::setting;
use crate::twilio::signature::{is_body, is_genuine};
use crate::twilio::{errors, status};
use base64::Engine as _;
use courier::{Method, Reply, Request};
use crm::{About, Account, Delivery, Field, FieldKind, Firm, InboundCall, Label, Moment, Refusal, Value};
use std::time::Duration;

/// After the client's last message a free text may be sent for so long.
const WINDOW: Duration = Duration::from_secs(24 * 3_600);
/// Twilio takes no longer text.
const LONGEST_TEXT: usize = 1_600;
/// How long Twilio is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// Our clock and Twilio's may differ by so much.
const CLOCK_SKEW: Duration = Duration::from_secs(120);

/// The provider.
pub struct TwilioWhatsApp;

impl Provider for TwilioWhatsApp {
    fn about(&self) -> About {
        let text = |code, ru, en| Field::new(code, ru, en, FieldKind::Text);
        About {
            code: "twilio_whatsapp",
            title: Label::new("WhatsApp (Twilio)", "WhatsApp (Twilio)"),
            help: Label::new(
                "Сообщения клиентам в WhatsApp через Twilio: утверждённые шаблоны, ответы в течение суток, статусы доставки.",
                "Messages to clients in WhatsApp through Twilio: approved templates, answers within a day, delivery states.",
            ),
            group: Label::new("Мессенджеры", "Messengers"),
            icon: "brand-whatsapp",
            settings: vec![
                text("account_sid", "Account SID", "Account SID").required().help("AC и 32 знака", "AC and 32 characters"),
                Field::new("auth_token", "Auth Token", "Auth Token", FieldKind::Secret).required(),
                Field::new("auth_token_previous", "Прежний Auth Token", "Previous Auth Token", FieldKind::Secret)
                    .help("На время смены ключа: подписи принимаются с обоими", "While the key is changed: signatures with both are accepted"),
                text("from", "Номер отправителя", "Sender's number").required().help("whatsapp:+14155238886", "whatsapp:+14155238886"),
                text("base_url", "Адрес API", "Address of the API").default(Value::text("https://api.twilio.com")),
                text("kind", "Что создавать по сообщению незнакомого", "What a stranger's message makes").help(
                    "Код типа записей. Пусто: заявка (lead), а в фирме без заявок сделка (deal)",
                    "Code of a type of records. Empty: a lead, or a deal in a firm without leads",
                ),
                text("responsible", "Ответственный за незнакомых", "Responsible for strangers").default(Value::text("role:operator")),
            ],
        }
    }

    fn can(&self) -> Capability {
        Capability {
            address: Address::Phone,
            text: true,
            template: true,
            file: false,
            subject: false,
            receipt: true,
            once: false,
            lookup: true,
            valid_for: Some(Duration::from_secs(24 * 3_600)),
        }
    }

    fn check(&self, outgoing: &Outgoing<'_>, account: &Account) -> Result<(), Refusal> {
        let values = &outgoing.message.values;
        for code in ["account_sid", "from"] {
            if setting(self, account, code).is_empty() {
                return Err(Refusal::new(
                    "bad_account",
                    "Канал WhatsApp не настроен: нет номера или Account SID",
                    "The WhatsApp channel is not set up: number or Account SID is missing",
                ));
            }
        }
        if tokens(account).is_empty() {
            return Err(Refusal::new(
                "bad_account",
                "Канал WhatsApp не настроен: нет Auth Token",
                "The WhatsApp channel is not set up: the Auth Token is missing",
            ));
        }
        if !values.text("content_sid").is_empty() {
            return variables_are_filled(values.text("variables"));
        }
        let text = values.text("body");
        if text.trim().is_empty() {
            return Err(Refusal::new("empty_text", "Напишите текст сообщения", "Write the text of the message"));
        }
        if text.chars().count() > LONGEST_TEXT {
            return Err(refusal("21617"));
        }
        let last = outgoing.contact.and_then(|contact| contact.values.moment("last_inbound_at"));
        match last.is_some_and(|last| outgoing.now < last.plus(WINDOW)) {
            true => Ok(()),
            false => Err(refusal("63016")),
        }
    }

    fn request(&self, outgoing: &Outgoing<'_>, account: &Account, firm: &Firm) -> Result<Ask, Refusal> {
        self.check(outgoing, account)?;
        let values = &outgoing.message.values;
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("To", &whatsapp(values.text("address")));
        form.append_pair("From", &whatsapp(&setting(self, account, "from")));
        match values.text("content_sid") {
            "" => form.append_pair("Body", values.text("body")),
            sid => form.append_pair("ContentSid", sid),
        };
        if !values.text("content_sid").is_empty() && !values.text("variables").is_empty() {
            form.append_pair("ContentVariables", values.text("variables"));
        }
        // Our own number comes back with every report, so that it is matched even when it overtakes the receipt.
        form.append_pair("StatusCallback", &format!("{}/hooks/{}/{}?m={}", firm.public_url, account.provider, account.code, outgoing.message.id));
        let kind = ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned());
        Ok(Ask::Http(Request {
            method: Method::Post,
            url: messages_url(self, account),
            headers: vec![authorization(self, account), kind],
            body: form.finish().into_bytes(),
            timeout: PATIENCE,
        }))
    }

    fn reply(&self, reply: &Reply) -> Answered {
        let json: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let unclear = || Answered::Unclear { why: format!("status {}", reply.status) };
        match reply.status {
            200..=299 => match (json["sid"].as_str(), json["status"].as_str()) {
                (Some(sid), Some(said)) if !sid.is_empty() => {
                    Answered::Accepted(Receipt { provider_ref: sid.to_owned(), status: status(said).unwrap_or(Delivery::Accepted) })
                }
                _ => unclear(),
            },
            408 => unclear(),
            400..=499 => {
                let code = json["code"].as_u64().map_or_else(|| reply.status.to_string(), |code| code.to_string());
                let known = errors::find(&code).is_some_and(|code| code.retry);
                let retry = known || matches!(reply.status, 401 | 425 | 429);
                Answered::Denied { code, retry, after: retry_after(reply) }
            }
            _ => unclear(),
        }
    }

    fn lookup(&self, outgoing: &Outgoing<'_>, account: &Account, since: Moment) -> Option<Request> {
        let day = since.minus(CLOCK_SKEW).timestamp().strftime("%Y-%m-%d").to_string();
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("To", &whatsapp(outgoing.message.values.text("address")))
            .append_pair("From", &whatsapp(&setting(self, account, "from")))
            .append_pair("DateSent>", &day)
            .append_pair("PageSize", "100")
            .finish();
        let url = format!("{}?{query}", messages_url(self, account));
        Some(Request { method: Method::Get, url, headers: vec![authorization(self, account)], body: Vec::new(), timeout: PATIENCE })
    }

    fn found(&self, reply: &Reply, outgoing: &Outgoing<'_>, account: &Account, since: Moment) -> Option<Vec<Found>> {
        let json: serde_json::Value = serde_json::from_slice(&reply.body).ok().filter(|_| reply.status == 200)?;
        let (to, from) = (whatsapp(outgoing.message.values.text("address")), whatsapp(&setting(self, account, "from")));
        let mut found: Vec<(Moment, Found)> = Vec::new();
        for message in json["messages"].as_array()? {
            let text = |name: &str| message[name].as_str().unwrap_or_default();
            let created = jiff::fmt::rfc2822::parse(text("date_created")).ok().map(|zoned| Moment::from_timestamp(zoned.timestamp()));
            let ours = text("to") == to && text("from") == from && text("direction").starts_with("outbound");
            // Twilio keeps whole seconds.
            let created = created.filter(|created| *created >= since.minus(CLOCK_SKEW));
            if let (true, Some(created), Some(state)) = (ours, created, status(text("status"))) {
                found.push((created, Found { receipt: Receipt { provider_ref: text("sid").to_owned(), status: state }, text: text("body").to_owned() }));
            }
        }
        found.sort_by_key(|(created, _)| *created);
        Some(found.into_iter().map(|(_, found)| found).collect())
    }

    fn webhook(&self, call: &InboundCall, account: &Account, firm: &Firm, _now: Moment) -> Result<Vec<Inbound>, Refusal> {
        let forged = || Refusal::new("bad_signature", "Подпись не сошлась", "The signature does not match");
        // Twilio signs the address it was given: ours, whatever stands before us has made of it.
        let path = call.url.split_once("://").map_or(call.url.as_str(), |(_, rest)| &rest[rest.find('/').unwrap_or(rest.len())..]);
        let url = format!("{}{path}", firm.public_url);
        let query = body::query(&call.url)?;
        let given = header(call, "x-twilio-signature");
        let is_json = header(call, "content-type").to_ascii_lowercase().starts_with("application/json");
        let fields = if is_json { Pairs::new() } else { body::urlencoded(&call.body)? };
        if !is_genuine(&tokens(account), &url, &fields, given) || (is_json && !is_body(one(&query, "bodySHA256"), &call.body)) {
            return Err(forged());
        }
        let own = setting(self, account, "account_sid");
        if !is_json && !one(&fields, "AccountSid").is_empty() && one(&fields, "AccountSid") != own {
            return Err(forged());
        }
        Ok(vec![translate(&fields, &query, call)])
    }

    fn explain(&self, code: &str) -> Option<Label> {
        errors::find(code).map(errors::Code::label)
    }
}

/// What a genuine call says.
fn translate(fields: &Pairs, query: &Pairs, call: &InboundCall) -> Inbound {
    let sid = match one(fields, "MessageSid") {
        "" => one(fields, "SmsSid"),
        sid => sid,
    };
    let said = match one(fields, "MessageStatus") {
        "" => one(fields, "SmsStatus"),
        said => said,
    };
    if sid.is_empty() || sid.len() > 64 {
        let hash: String = <sha2::Sha256 as sha2::Digest>::digest(&call.body).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        return Inbound::Unknown { key: format!("unknown:{hash}"), kind: "no message".to_owned() };
    }
    if let Some(status) = status(said) {
        let message = one(query, "m").parse().ok().filter(|id: &i64| *id > 0);
        let error: String = one(fields, "ErrorCode").chars().filter(char::is_ascii_digit).take(10).collect();
        let error = if error == "0" { String::new() } else { error };
        return Inbound::Status(Report { message, provider_ref: sid.to_owned(), status, said: said.to_owned(), error });
    }
    let from = one(fields, "From");
    match crm::point::phone(from.strip_prefix("whatsapp:").unwrap_or(from)) {
        Some(from) if fields.iter().any(|(name, _)| name == "Body" || name == "NumMedia") => {
            let name = one(fields, "ProfileName").chars().filter(|letter| !letter.is_control()).take(100).collect();
            Inbound::Message(Letter { from, text: text_of(fields), provider_ref: sid.to_owned(), name })
        }
        _ => Inbound::Unknown { key: format!("unknown:{sid}:{}", said.chars().take(30).collect::<String>()), kind: "event".to_owned() },
    }
}

/// The text, with attachments and places named under it.
fn text_of(fields: &Pairs) -> String {
    let mut lines = vec![one(fields, "Body").replace('\0', "")];
    let count: usize = one(fields, "NumMedia").parse().unwrap_or(0);
    for at in 0..count.min(10) {
        lines.push(format!("[{}]", one(fields, &format!("MediaContentType{at}"))));
    }
    if !one(fields, "Latitude").is_empty() {
        lines.push(format!("[{}, {} {}]", one(fields, "Latitude"), one(fields, "Longitude"), one(fields, "Address")));
    }
    lines.retain(|line| !line.trim().is_empty());
    lines.join("\n").chars().take(60_000).collect()
}

/// Variables of a template are a JSON object of texts; Twilio refuses empty ones.
fn variables_are_filled(variables: &str) -> Result<(), Refusal> {
    if variables.is_empty() {
        return Ok(());
    }
    let read: Option<std::collections::BTreeMap<String, String>> = serde_json::from_str(variables).ok();
    match read {
        Some(read) if read.values().all(|value| !value.trim().is_empty()) => Ok(()),
        _ => Err(Refusal::new("empty_holes", "Не все подстановки шаблона заполнены", "Some variables of the template are empty")),
    }
}

/// `whatsapp:+7999…`, whatever of it was there.
fn whatsapp(phone: &str) -> String {
    format!("whatsapp:{}", phone.trim().trim_start_matches("whatsapp:"))
}

fn messages_url(provider: &TwilioWhatsApp, account: &Account) -> String {
    format!("{}/2010-04-01/Accounts/{}/Messages.json", setting(provider, account, "base_url").trim_end_matches('/'), setting(provider, account, "account_sid"))
}

fn authorization(provider: &TwilioWhatsApp, account: &Account) -> (String, String) {
    let token = tokens(account).into_iter().next().unwrap_or_default();
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{}:{token}", setting(provider, account, "account_sid")));
    ("authorization".to_owned(), format!("Basic {pair}"))
}

/// The current token first, then the previous one.
fn tokens(account: &Account) -> Vec<String> {
    let texts = |code: &str| account.secrets.get(code).as_list().iter().filter_map(Value::as_text).map(str::trim).map(str::to_owned).collect::<Vec<_>>();
    let mut tokens = texts("auth_token");
    tokens.extend(texts("auth_token_previous"));
    tokens.retain(|token| !token.is_empty());
    tokens
}

fn retry_after(reply: &Reply) -> Option<Duration> {
    reply.header("retry-after")?.trim().parse().ok().map(Duration::from_secs)
}

/// The refusal for a code of Twilio's that we can foresee.
fn refusal(number: &'static str) -> Refusal {
    let label = errors::find(number).map(errors::Code::label).unwrap_or_default();
    Refusal::new(number, label.ru, label.en)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crm::{AccountId, InboundId, Item, Lang, Values, kind};

    const TOKEN: &str = "12345678901234567890123456789012";
    const SID: &str = "SM0123456789abcdef0123456789abcdef";
    const NOW: Moment = Moment(1_795_158_930_000_000);

    fn firm() -> Firm {
        Firm {
            public_url: "https://crm.example.com".into(),
            zone: jiff::tz::TimeZone::UTC,
            lang: Lang::Ru,
            private_calls: false,
            signing_key: Vec::new(),
            files: std::path::PathBuf::new(),
        }
    }

    fn account() -> Account {
        let settings = Values::from([("account_sid", Value::text("AC0123456789abcdef0123456789abcdef")), ("from", Value::text("whatsapp:+14155238886"))]);
        let secrets = Values::from([("auth_token", Value::text(TOKEN))]);
        Account { id: AccountId(1), provider: "twilio_whatsapp".into(), code: "main".into(), title: "WhatsApp".into(), settings, secrets, enabled: true }
    }

    fn message(values: &[(&str, &str)]) -> Item {
        let mut item = Item { kind: kind::MESSAGE, id: 42, version: 1, values: Values::from([("address", Value::text("+79990001122"))]) };
        for (code, text) in values {
            item.values.set(*code, Value::text(*text));
        }
        item
    }

    fn contact(last: Option<Moment>) -> Item {
        let values = last.map_or_else(Values::new, |last| Values::from([("last_inbound_at", Value::moment(last))]));
        Item { kind: kind::CONTACT, id: 1, version: 1, values }
    }

    fn request(message: &Item, contact: &Item) -> Result<Request, Refusal> {
        match TwilioWhatsApp.request(&Outgoing { message, contact: Some(contact), now: NOW }, &account(), &firm())? {
            Ask::Http(request) => Ok(request),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_template_is_sent_as_twilios_own_client_sends_it() {
        let template = message(&[("content_sid", "HX0123456789abcdef0123456789abcdef"), ("variables", "{\"1\":\"Иван\"}"), ("body", "Иван, здравствуйте!")]);
        let request = request(&template, &contact(None)).unwrap();
        assert_eq!(request.url, "https://api.twilio.com/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages.json");
        assert_eq!(
            String::from_utf8(request.body).unwrap(),
            "To=whatsapp%3A%2B79990001122&From=whatsapp%3A%2B14155238886&ContentSid=HX0123456789abcdef0123456789abcdef&ContentVariables=%7B%221%22%3A%22%D0%98%D0%B2%D0%B0%D0%BD%22%7D&StatusCallback=https%3A%2F%2Fcrm.example.com%2Fhooks%2Ftwilio_whatsapp%2Fmain%3Fm%3D42"
        );
        let basic = base64::engine::general_purpose::STANDARD.encode(format!("AC0123456789abcdef0123456789abcdef:{TOKEN}"));
        assert!(request.headers.contains(&("authorization".to_owned(), format!("Basic {basic}"))));
    }

    #[test]
    fn a_free_text_goes_only_within_a_day_of_the_clients_last_message() {
        let text = message(&[("body", "Добрый день")]);
        let at = |last: Option<Moment>| request(&text, &contact(last)).err().map(|refusal| refusal.code.into_owned());
        assert_eq!(at(Some(NOW.minus(WINDOW).plus(Duration::from_secs(1)))), None);
        assert_eq!(at(Some(NOW.minus(WINDOW))).as_deref(), Some("63016"));
        assert_eq!(at(None).as_deref(), Some("63016"));
        let refusal = request(&text, &contact(None)).unwrap_err();
        assert!(refusal.text.ru.contains("24 часов") && refusal.text.en.contains("24 hours"));
    }

    #[test]
    fn what_twilio_would_refuse_is_refused_before_it_is_queued() {
        let open = contact(Some(NOW));
        let code = |message: &Item| request(message, &open).unwrap_err().code.into_owned();
        assert_eq!(code(&message(&[("body", &"я".repeat(1_601))])), "21617");
        assert_eq!(code(&message(&[("body", " ")])), "empty_text");
        assert_eq!(code(&message(&[("content_sid", "HX1"), ("variables", "{\"1\":\"\"}")])), "empty_holes");
        assert_eq!(code(&message(&[("content_sid", "HX1"), ("variables", "{\"1\":1}")])), "empty_holes");
    }

    fn reply(status: u16, body: &str) -> Reply {
        Reply { status, headers: vec![("retry-after".into(), "7".into())], body: body.as_bytes().to_vec() }
    }

    #[test]
    fn replies_are_told_apart_by_whether_something_was_sent() {
        let said = |status, body: &str| TwilioWhatsApp.reply(&reply(status, body));
        assert_eq!(
            said(201, &format!("{{\"sid\":\"{SID}\",\"status\":\"queued\"}}")),
            Answered::Accepted(Receipt { provider_ref: SID.into(), status: Delivery::Accepted })
        );
        let after = Some(Duration::from_secs(7));
        assert_eq!(said(429, "{\"code\":20429,\"status\":429}"), Answered::Denied { code: "20429".into(), retry: true, after });
        assert_eq!(said(429, "<html>"), Answered::Denied { code: "429".into(), retry: true, after });
        assert_eq!(said(400, "{\"code\":21211}"), Answered::Denied { code: "21211".into(), retry: false, after });
        assert_eq!(said(401, "{\"code\":20003}"), Answered::Denied { code: "20003".into(), retry: true, after });
        for (status, body) in [(500, "{\"code\":20500}"), (503, ""), (200, "<html>maintenance</html>"), (201, "{}"), (302, ""), (408, "")] {
            assert!(matches!(said(status, body), Answered::Unclear { .. }), "{status} {body}");
        }
    }

    #[test]
    fn a_lookup_asks_by_receiver_and_day_and_finds_only_what_may_be_ours() {
        let outgoing = message(&[("body", "Добрый день")]);
        let outgoing = Outgoing { message: &outgoing, contact: None, now: NOW };
        let asked = TwilioWhatsApp.lookup(&outgoing, &account(), NOW).unwrap();
        assert!(asked.url.contains("To=whatsapp%3A%2B79990001122") && asked.url.contains("DateSent%3E=2026-11-20"), "{}", asked.url);
        let one = |sid: &str, to: &str, direction: &str, date: &str| serde_json::json!({ "sid": sid, "to": to, "from": "whatsapp:+14155238886", "direction": direction, "date_created": date, "status": "sent", "body": "Добрый день" });
        let ours = "whatsapp:+79990001122";
        let list = serde_json::json!({ "messages": [
            one("SM2", ours, "outbound-api", "Fri, 20 Nov 2026 07:15:40 +0000"),
            one("SM1", ours, "outbound-api", "Fri, 20 Nov 2026 07:15:30 +0000"),
            one("SM3", ours, "inbound", "Fri, 20 Nov 2026 07:15:40 +0000"),
            one("SM4", "whatsapp:+79990001133", "outbound-api", "Fri, 20 Nov 2026 07:15:40 +0000"),
            one("SM5", ours, "outbound-api", "Fri, 20 Nov 2026 07:10:00 +0000"),
        ] });
        let found = TwilioWhatsApp.found(&reply(200, &list.to_string()), &outgoing, &account(), NOW).unwrap();
        assert_eq!(found.iter().map(|found| found.receipt.provider_ref.as_str()).collect::<Vec<_>>(), ["SM1", "SM2"]);
        assert_eq!(TwilioWhatsApp.found(&reply(500, &list.to_string()), &outgoing, &account(), NOW), None);
    }

    fn call(url: &str, fields: &[(&str, &str)]) -> InboundCall {
        let pairs: Pairs = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let signature = crate::twilio::signature::sign(TOKEN, &format!("https://crm.example.com{url}"), &pairs);
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into_bytes();
        InboundCall {
            id: InboundId(0),
            account: AccountId(1),
            at: NOW,
            remote: String::new(),
            method: "POST".into(),
            url: url.into(),
            headers: vec![("content-type".into(), "application/x-www-form-urlencoded".into()), ("x-twilio-signature".into(), signature)],
            body,
            key: String::new(),
            state: String::new(),
            answer: String::new(),
        }
    }

    fn read(call: &InboundCall) -> Result<Inbound, Refusal> {
        TwilioWhatsApp.webhook(call, &account(), &firm(), NOW).map(|mut list| list.remove(0))
    }

    #[test]
    fn a_report_brings_our_own_number_back() {
        let fields = [
            ("MessageSid", SID),
            ("MessageStatus", "undelivered"),
            ("ErrorCode", "63016"),
            ("AccountSid", "AC0123456789abcdef0123456789abcdef"),
            ("To", "whatsapp:+79990001122"),
        ];
        let report = Report { message: Some(42), provider_ref: SID.into(), status: Delivery::Failed, said: "undelivered".into(), error: "63016".into() };
        assert_eq!(read(&call("/hooks/twilio_whatsapp/main?m=42", &fields)).unwrap(), Inbound::Status(report));
    }

    #[test]
    fn a_clients_message_brings_text_name_and_attachments() {
        let fields = [
            ("MessageSid", SID),
            ("SmsStatus", "received"),
            ("From", "whatsapp:+79990001122"),
            ("Body", "Добрый день "),
            ("ProfileName", "Иван"),
            ("NumMedia", "1"),
            ("MediaContentType0", "image/jpeg"),
            ("Surprise", "1"),
        ];
        let letter =
            Letter { from: "+79990001122".into(), text: "Добрый день \n[image/jpeg]".into(), provider_ref: SID.into(), name: "Иван".into() };
        assert_eq!(read(&call("/hooks/twilio_whatsapp/main", &fields)).unwrap(), Inbound::Message(letter));
    }

    #[test]
    fn an_event_that_we_do_not_know_is_kept() {
        assert!(matches!(read(&call("/hooks/x", &[("EventType", "NEW")])).unwrap(), Inbound::Unknown { .. }));
        assert!(matches!(read(&call("/hooks/x", &[("MessageSid", SID), ("MessageStatus", "teleported")])).unwrap(), Inbound::Unknown { .. }));
    }

    #[test]
    fn a_call_of_another_account_or_without_a_signature_is_refused() {
        let fields = [("MessageSid", SID), ("MessageStatus", "sent"), ("AccountSid", "AC9")];
        assert_eq!(read(&call("/hooks/x", &fields)).unwrap_err().code, "bad_signature");
        let mut unsigned = call("/hooks/x", &fields[..2]);
        assert!(read(&unsigned).is_ok());
        unsigned.headers.pop();
        assert_eq!(read(&unsigned).unwrap_err().code, "bad_signature");
    }

    #[test]
    fn a_json_call_is_genuine_only_with_the_body_whose_hash_was_signed() {
        let body = "{\"hello\":\"мир\"}";
        let hash = "8f0c0749e32120124ef2c7a70e846ac353b92d0b5cc9048f5c03a6411ea93a98";
        let json = |body: &str| InboundCall {
            headers: vec![("content-type".into(), "application/json".into()), ("x-twilio-signature".into(), "pzMPpt/U/VrSVv3J5Y2FKb6wEeE=".into())],
            body: body.as_bytes().to_vec(),
            ..call(&format!("/hooks/twilio/json?bodySHA256={hash}"), &[])
        };
        assert!(matches!(read(&json(body)).unwrap(), Inbound::Unknown { .. }));
        assert_eq!(read(&json("{}")).unwrap_err().code, "bad_signature");
    }
}
