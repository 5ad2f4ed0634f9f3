//! Twilio's codes of errors in plain words, and which of them are worth another try (providers.md §4.1).

use crm::Label;

/// One code.
pub struct Code {
    /// The number.
    pub number: &'static str,
    /// Another try may succeed.
    pub retry: bool,
    ru: &'static str,
    en: &'static str,
}

impl Code {
    /// What a person reads.
    pub fn label(&self) -> Label {
        Label::new(self.ru, self.en)
    }
}

const fn no(number: &'static str, ru: &'static str, en: &'static str) -> Code {
    Code { number, retry: false, ru, en }
}

const fn again(number: &'static str, ru: &'static str, en: &'static str) -> Code {
    Code { number, retry: true, ru, en }
}

/// Where the wording of a code is not confirmed, the text says only what is sure.
const CODES: &[Code] = &[
    again(
        "20003",
        "Twilio не принял ключ доступа: проверьте Auth Token в настройках канала",
        "Twilio did not accept the key: check the Auth Token in the settings of the channel",
    ),
    no("20404", "Twilio не нашёл такой аккаунт: проверьте Account SID", "Twilio found no such account: check the Account SID"),
    again("20429", "Слишком много запросов, повторим позже", "Too many requests, we will try later"),
    no("21211", "Неверный номер телефона клиента", "The client's phone number is wrong"),
    no("21610", "Клиент отписался от сообщений", "The client has opted out of messages"),
    no("21617", "Сообщение длиннее 1600 знаков", "The message is longer than 1600 characters"),
    no("21655", "Шаблона с таким ContentSid нет", "There is no template with this ContentSid"),
    no("21656", "Неверные подстановки шаблона", "The variables of the template are wrong"),
    no("21910", "Номера отправителя и получателя из разных каналов", "Sender and receiver belong to different channels"),
    again("30001", "Очередь отправки переполнена, повторим позже", "The sending queue is full, we will try later"),
    no("30003", "Телефон клиента недоступен", "The client's phone cannot be reached"),
    no("30005", "Номер не существует", "The number does not exist"),
    no("30006", "На этот номер нельзя отправить сообщение", "This number cannot receive messages"),
    no("30007", "Сообщение отклонил оператор связи", "The carrier filtered the message"),
    no("63001", "Канал не принял ключ доступа", "The channel did not accept the key"),
    no("63003", "Получателя нет в этом канале", "The receiver is not in this channel"),
    no("63005", "Канал не принял содержание сообщения", "The channel did not accept the content"),
    no("63007", "Номер отправителя не подключён к каналу", "The sender's number is not connected to the channel"),
    no("63010", "Внутренняя ошибка канала", "An internal error of the channel"),
    again("63012", "Внутренняя ошибка WhatsApp, можно повторить", "An internal error of WhatsApp, may be tried again"),
    no("63013", "Сообщение нарушает правила WhatsApp", "The message violates the rules of WhatsApp"),
    no(
        "63016",
        "Прошло больше 24 часов с последнего сообщения клиента: можно отправить только утверждённый шаблон",
        "More than 24 hours have passed since the client's last message: only an approved template can be sent",
    ),
    again("63018", "Превышена скорость отправки WhatsApp, повторим позже", "The sending rate of WhatsApp is exceeded, we will try later"),
    no("63019", "Не удалось передать вложение", "The attachment could not be transferred"),
    no("63020", "WhatsApp Business не подтверждён", "WhatsApp Business is not confirmed"),
    no("63021", "Неверное содержание сообщения", "The content of the message is invalid"),
    no("63022", "Неверная визитная карточка", "The contact card is invalid"),
    no("63023", "WhatsApp не принял сообщение", "WhatsApp did not accept the message"),
    no("63024", "У клиента нет WhatsApp на этом номере", "The client has no WhatsApp on this number"),
    no("63025", "Вложение уже существует", "The attachment exists already"),
    no("63027", "Шаблона нет на этом языке", "The template does not exist in this language"),
    no("63028", "Число подстановок не совпадает с шаблоном", "The number of variables differs from the template"),
    no("63029", "Шаблон не удалось заполнить", "The template could not be filled in"),
    no("63030", "Неподдерживаемый параметр", "A parameter is not supported"),
    no("63032", "WhatsApp ограничивает сообщения этому клиенту", "WhatsApp limits messages to this client"),
    no("63049", "WhatsApp не доставил рекламное сообщение", "WhatsApp did not deliver the marketing message"),
    no("63051", "Аккаунт WhatsApp ограничен", "The WhatsApp account is restricted"),
];

/// The entry of a code.
pub fn find(number: &str) -> Option<&'static Code> {
    CODES.iter().find(|code| code.number == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_stands_once_and_speaks_both_languages() {
        let mut seen = std::collections::BTreeSet::new();
        for code in CODES {
            assert!(seen.insert(code.number), "{} stands twice", code.number);
            assert!(code.ru.chars().any(|letter| ('а'..='я').contains(&letter)) && code.en.is_ascii(), "{}", code.number);
        }
        let worth: Vec<&str> = CODES.iter().filter(|code| code.retry).map(|code| code.number).collect();
        assert_eq!(worth, ["20003", "20429", "30001", "63012", "63018"]);
    }
}
