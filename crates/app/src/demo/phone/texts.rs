//! The words of the page in both languages, and how they get into it.

use crm::Lang;

/// Name in the page, Russian, English.
const TEXTS: &[(&str, &str, &str)] = &[
    ("title", "Телефон клиента", "The client's phone"),
    (
        "about",
        "Это страница демонстрации: здесь вы — клиент фирмы. Заполните заявку, прочитайте сообщения, ответьте. Всё, что вы делаете, идёт в CRM тем же путём, что и от настоящего Twilio и почтового сервера.",
        "This page belongs to the demo: here you are the firm's client. Fill in the form, read the messages, answer. All you do reaches the CRM the way it would from the real Twilio and a real mail server.",
    ),
    ("open_crm", "Открыть CRM", "Open the CRM"),
    ("clients", "Чей телефон", "Whose phone"),
    ("add", "Другой телефон", "Another phone"),
    ("name", "Имя", "Name"),
    ("phone", "Телефон", "Phone"),
    ("email", "Эл. почта", "E-mail"),
    ("save", "Добавить", "Add"),
    ("bad_client", "Нужен телефон или адрес почты", "A phone or an e-mail address is needed"),
    ("weather", "Связь с Twilio", "The line to Twilio"),
    ("bad_weather", "Плохая: статусы приходят дважды и вперемешку", "Bad: statuses come twice and out of order"),
    ("unreachable", "У клиента нет WhatsApp (ошибка 63024)", "The client has no WhatsApp (error 63024)"),
    ("time", "Перевести часы вперёд", "Move the clock forward"),
    ("plus_15m", "15 мин", "15 min"),
    ("plus_2h", "2 часа", "2 hours"),
    ("plus_1d", "1 день", "1 day"),
    ("moving", "Время идёт…", "Time passes…"),
    ("moved", "Готово", "Done"),
    ("failed", "Не вышло", "It failed"),
    ("chat", "WhatsApp", "WhatsApp"),
    ("mail", "Почта", "Mail"),
    ("form", "Сайт", "Website"),
    (
        "no_chat",
        "Сообщений пока нет. Оставьте заявку на вкладке «Сайт», и через секунду здесь появится ответ фирмы.",
        "No messages yet. Fill in the form on the tab Website, and in a second the firm's answer appears here.",
    ),
    (
        "no_mail",
        "Писем пока нет. Письмо с итогами уходит через два часа после звонка: переведите часы.",
        "No letters yet. The letter with the summary leaves two hours after the call: move the clock.",
    ),
    ("mail_only", "У этого человека известна только почта.", "Only the e-mail of this person is known."),
    ("write", "Сообщение", "Message"),
    ("send", "Отправить", "Send"),
    ("back", "К письмам", "To the letters"),
    ("business", "Официальный аккаунт", "Business account"),
    ("window_open", "Окно 24 часа открыто: фирма может писать свободный текст", "The 24-hour window is open: the firm may write free text"),
    ("window_closed", "Окно закрыто: фирма может писать только шаблоном", "The window is closed: the firm may only use a template"),
    ("fill", "Заполнить за клиента", "Fill in for the client"),
    ("new_tab", "Открыть отдельно", "Open in a tab"),
    ("again", "Ещё раз", "Once more"),
    ("no_frame", "Страница с заявкой не показывается внутри телефона. Откройте её отдельно.", "The form cannot be shown inside the phone. Open it in a tab."),
    ("debt", "850000", "850000"),
    ("region", "Самарская область", "Samara region"),
    ("comment", "Звонят коллекторы, просрочка три месяца", "Collectors keep calling, three months overdue"),
    ("today", "Сегодня", "Today"),
    ("language", "English", "Русский"),
    ("offline", "Нет связи с Vekha", "Vekha does not answer"),
    ("undelivered", "Не доставлено", "Not delivered"),
];

/// Puts values (`{LANG}`) and texts (`{t:title}`) into the page, escaped.
pub(super) fn fill(page: &str, lang: Lang, values: &[(&str, &str)]) -> String {
    let mut html = page.to_owned();
    for (name, ru, en) in TEXTS {
        html = html.replace(&format!("{{t:{name}}}"), &escape(if lang == Lang::Ru { ru } else { en }));
    }
    for (name, value) in values {
        html = html.replace(&format!("{{{name}}}"), &escape(value));
    }
    html
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_hole_stays_open_and_nothing_is_taken_for_markup() {
        for lang in [Lang::Ru, Lang::En] {
            let values = [("LANG", "ru"), ("OTHER", "en"), ("FIRM", "<b>\"A\""), ("LETTER", "<"), ("LANDING", "/f"), ("CLOCK", "yes")];
            let html = fill(include_str!("page.html"), lang, &values);
            assert!(html.contains("&lt;b&gt;&quot;A&quot;") && !html.contains("<b>\"A"));
            for mark in ["{t:", "{LANG}", "{OTHER}", "{FIRM}", "{LETTER}", "{LANDING}", "{CLOCK}"] {
                assert!(!html.contains(mark), "{mark} was left in the page");
            }
        }
    }

    #[test]
    fn every_text_that_is_written_is_used() {
        for (name, ..) in TEXTS {
            assert!(include_str!("page.html").contains(&format!("{{t:{name}}}")), "{name}");
        }
    }
}
