//! Codes made of names, and what an administrator may and may not reshape.

use super::codes::{clean, code_of, is_code, is_reserved, latin, named};
use crate::label::Label;

#[test]
fn a_russian_name_becomes_a_code_that_can_be_read() {
    assert_eq!(latin("Обращение жильца №5"), "obrashchenie_zhiltsa_5");
    assert_eq!(latin("Щука, ёж и объезд"), "shchuka_ezh_i_obezd");
    assert_eq!(code_of(&Label::new("Обращение", "Appeal"), 40, "type", |_| false), "appeal");
    assert_eq!(code_of(&Label::same("Обращение"), 40, "type", |_| false), "obrashchenie");
}

#[test]
fn a_code_is_good_for_any_name_and_never_taken_twice() {
    for name in ["🦊🦊", "中文", "123", "…", "'; DROP TABLE item_deal; --", "<script>alert(1)</script>", &"я".repeat(200), "__", "{{x}}"] {
        let code = code_of(&Label::same(name), 50, "field", |code| code == "field" || is_reserved(code));
        assert!(is_code(&code, 50), "{name}: {code}");
    }
    let code = code_of(&Label::same("Сумма"), 50, "field", |code| code == "summa" || code == "summa_2");
    assert_eq!(code, "summa_3");
}

#[test]
fn a_name_keeps_emoji_and_loses_what_nobody_sees() {
    assert_eq!(clean("  Семья\u{0}\n👨\u{200d}👩\u{200d}👧 \u{202e}txt.exe\u{202c} "), "Семья 👨\u{200d}👩\u{200d}👧 txt.exe");
    assert_eq!(named(&Label::new("Имя", ""), "title"), Ok(Label::same("Имя")));
    let refusal = named(&Label::same("\u{202e}\u{0} \n"), "title").unwrap_err();
    assert_eq!((&*refusal.code, refusal.fields[0].0.as_str()), ("wrong_values", "title"));
    assert!(named(&Label::same("я".repeat(101)), "title").is_err());
}

#[test]
fn words_of_the_program_are_no_codes_of_fields() {
    assert!(is_reserved("stage") && is_reserved("office") && is_reserved("summa_was_2"));
    assert!(!is_reserved("summa_was_paid"));
}
