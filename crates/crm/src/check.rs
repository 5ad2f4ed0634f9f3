//! Rules of numbers that a state or a bank gives out (domain.md C.2).

use crate::entity::{EntityType, code};
use crate::field::{Field, FieldKind};
use crate::label::Label;
use crate::time::Date;
use crate::value::{Value, Values};
use serde::{Deserialize, Serialize};

/// Which rule a requisite obeys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Taxpayer number of a Russian firm, 10 digits.
    Inn10,
    /// Taxpayer number of a Russian person, 12 digits.
    Inn12,
    /// Either of the two.
    Inn,
    /// Reason code of a Russian firm.
    Kpp,
    /// State number of a Russian firm, 13 digits.
    Ogrn,
    /// State number of a Russian sole proprietor, 15 digits.
    Ogrnip,
    /// Russian pension insurance number.
    Snils,
    /// Russian bank code.
    Bik,
    /// Russian account, 20 digits; checked against the answer to the item's field `bik`, if it has one.
    Account,
    /// Russian correspondent account.
    CorrAccount,
    /// Kazakh personal number.
    Iin,
    /// Kazakh business number.
    Bin,
    /// Kazakh bank account.
    IbanKz,
    /// Series and number of a Russian passport.
    PassportRu,
    /// Series and number of a Russian travel passport.
    TravelPassport,
    /// Machine-readable zone of a travel document, two lines of 44 characters.
    Mrz,
    /// Vehicle number.
    Vin,
    /// Cadastral number.
    Cadastre,
    /// Number of a case in an arbitration court.
    CaseNumber,
    /// Postal track number.
    PostalTrack,
    /// Postal index of Russia or Kazakhstan.
    PostalIndex,
    /// Personal account of a subscriber: seven digits and Luhn's.
    Subscriber,
    /// Date of birth: not before 1900, not in the future; for date fields.
    BirthDate,
}

/// What a rule says about an answer: nothing, a doubt, or a mistake.
type Finding = Result<Option<Label>, Label>;

impl Check {
    /// The stored spelling of an answer: without spaces, dashes and other ornaments, Latin and Cyrillic twins in the right alphabet.
    pub fn normal(self, text: &str) -> String {
        let plain = |keep: &str| -> String { text.chars().filter(|letter| letter.is_alphanumeric() || keep.contains(*letter)).collect() };
        match self {
            Check::CaseNumber => cyrillic(&plain("-/").to_uppercase()),
            Check::Cadastre => plain(":"),
            Check::Mrz => latin(&plain("<").to_uppercase()),
            Check::Kpp | Check::IbanKz | Check::Vin | Check::PostalTrack | Check::PostalIndex => latin(&plain("").to_uppercase()),
            _ => plain(""),
        }
    }

    /// Gives the stored spelling of an answer, or says what is wrong with it.
    ///
    /// # Errors
    /// The reason, for a person.
    pub fn accept(self, text: &str) -> Result<String, Label> {
        let normal = self.normal(text);
        self.look(&normal).map(|_| normal)
    }

    /// What is doubtful or wrong about a stored answer.
    pub fn doubt(self, stored: &str) -> Option<Label> {
        self.look(stored).unwrap_or_else(Some)
    }

    /// The answer as people write it: `112-233-445 95`, `50 18 123456`.
    pub fn pretty(self, stored: &str) -> String {
        let groups: &[(usize, &str)] = match (self, stored.len()) {
            (Check::Snils, 11) => &[(3, "-"), (3, "-"), (3, " ")],
            (Check::PassportRu, 10) => &[(2, " "), (2, " ")],
            (Check::TravelPassport, 9) => &[(2, " ")],
            (Check::Account | Check::CorrAccount, 20) => &[(5, " "), (3, " "), (1, " "), (4, " ")],
            (Check::IbanKz, 20) => &[(4, " "), (4, " "), (4, " "), (4, " ")],
            (Check::Mrz, 88) => &[(44, "\n")],
            _ => &[],
        };
        if !stored.is_ascii() {
            return stored.to_owned();
        }
        let (mut text, mut rest) = (String::with_capacity(stored.len() + groups.len()), stored);
        for (length, mark) in groups {
            let (head, tail) = rest.split_at(*length);
            text.push_str(head);
            text.push_str(mark);
            rest = tail;
        }
        text + rest
    }

    fn look(self, text: &str) -> Finding {
        match self {
            Check::Inn10 => inn(text, true, false),
            Check::Inn12 => inn(text, false, true),
            Check::Inn => inn(text, true, true),
            Check::Kpp => demand(kpp(text), "нужны 9 знаков КПП", "a KPP has 9 characters"),
            Check::Ogrn => ogrn(text, 13, 11),
            Check::Ogrnip => ogrn(text, 15, 13),
            Check::Snils => snils(text),
            Check::Bik => bik(text),
            Check::Account => demand(is_digits(text, 20), "в счёте должно быть 20 цифр", "an account has 20 digits"),
            Check::CorrAccount => demand(
                is_digits(text, 20) && text.starts_with("301"),
                "корр. счёт — 20 цифр и начинается с 301",
                "a correspondent account has 20 digits and begins with 301",
            ),
            Check::Iin => iin(text),
            Check::Bin => bin(text),
            Check::IbanKz => iban_kz(text),
            Check::PassportRu => demand(is_digits(text, 10), "нужны серия (4 цифры) и номер (6 цифр)", "4 digits of the series and 6 of the number are needed"),
            Check::TravelPassport => {
                demand(is_digits(text, 9), "нужны серия (2 цифры) и номер (7 цифр)", "2 digits of the series and 7 of the number are needed")
            }
            Check::Mrz => mrz(text),
            Check::Vin => demand(
                text.len() == 17 && text.bytes().all(|byte| byte.is_ascii_digit() || (byte.is_ascii_uppercase() && !b"IOQ".contains(&byte))),
                "в VIN 17 знаков: цифры и латинские буквы, кроме I, O и Q",
                "a VIN has 17 characters: digits and Latin letters except I, O and Q",
            ),
            Check::Cadastre => demand(cadastre(text), "кадастровый номер пишется так: 54:35:101001:123", "a cadastral number is written 54:35:101001:123"),
            Check::CaseNumber => demand(case_number(text), "номер дела пишется так: А45-12345/2026", "a case number is written А45-12345/2026"),
            Check::PostalTrack => demand(
                is_digits(text, 14) || shaped(text, "LLNNNNNNNNNLL"),
                "трек — 14 цифр или вид RA123456789RU",
                "a track has 14 digits or looks like RA123456789RU",
            ),
            Check::PostalIndex => {
                demand(is_digits(text, 6) || shaped(text, "LNNLNLN"), "индекс — 6 цифр или вид A15E3H4", "an index has 6 digits or looks like A15E3H4")
            }
            Check::Subscriber => match is_digits(text, 8) {
                true => demand(luhn(text), CONTROL.0, CONTROL.1),
                false => Err(label("в лицевом счёте 8 цифр", "a personal account has 8 digits")),
            },
            // The rule is about dates: see `birth_date`.
            Check::BirthDate => Ok(None),
        }
    }
}

/// The reason that most rules give.
const CONTROL: (&str, &str) = ("контрольная цифра не сходится, проверьте номер", "the control digit does not fit, check the number");

fn label(ru: &str, en: &str) -> Label {
    Label::new(ru, en)
}

fn demand(fits: bool, ru: &str, en: &str) -> Finding {
    match fits {
        true => Ok(None),
        false => Err(label(ru, en)),
    }
}

fn is_digits(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `L` stands for a capital Latin letter, `N` for a digit.
fn shaped(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, kind)| if kind == b'L' { byte.is_ascii_uppercase() } else { byte.is_ascii_digit() })
}

/// Digits of a text that holds nothing else.
fn digits(text: &str) -> Vec<u32> {
    text.bytes().map(|byte| u32::from(byte.wrapping_sub(b'0'))).collect()
}

fn weighed(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

const TWINS: [(char, char); 12] =
    [('А', 'A'), ('В', 'B'), ('Е', 'E'), ('К', 'K'), ('М', 'M'), ('Н', 'H'), ('О', 'O'), ('Р', 'P'), ('С', 'C'), ('Т', 'T'), ('У', 'Y'), ('Х', 'X')];

fn latin(text: &str) -> String {
    text.chars().map(|letter| TWINS.iter().find(|twin| twin.0 == letter).map_or(letter, |twin| twin.1)).collect()
}

fn cyrillic(text: &str) -> String {
    text.chars().map(|letter| TWINS.iter().find(|twin| twin.1 == letter).map_or(letter, |twin| twin.0)).collect()
}

fn inn(text: &str, firm: bool, person: bool) -> Finding {
    let control = |digits: &[u32], weights: &[u32], at: usize| weighed(digits, weights) % 11 % 10 == digits[at];
    if firm && is_digits(text, 10) {
        return demand(control(&digits(text), &[2, 4, 10, 3, 5, 9, 4, 6, 8], 9), CONTROL.0, CONTROL.1);
    }
    if person && is_digits(text, 12) {
        let digits = digits(text);
        let fits = control(&digits, &[7, 2, 4, 10, 3, 5, 9, 4, 6, 8], 10) && control(&digits, &[3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8], 11);
        return demand(fits, CONTROL.0, CONTROL.1);
    }
    Err(match (firm, person) {
        (true, false) => label("в ИНН организации 10 цифр", "the INN of a firm has 10 digits"),
        (false, true) => label("в ИНН физлица 12 цифр", "the INN of a person has 12 digits"),
        _ => label("в ИНН 10 цифр (организация) или 12 (человек)", "an INN has 10 digits (a firm) or 12 (a person)"),
    })
}

fn kpp(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 9 && bytes.iter().enumerate().all(|(at, byte)| byte.is_ascii_digit() || (matches!(at, 4 | 5) && byte.is_ascii_uppercase()))
}

fn ogrn(text: &str, length: usize, by: u64) -> Finding {
    if !is_digits(text, length) {
        return Err(Label::new(format!("здесь должно быть {length} цифр"), format!("{length} digits are needed")));
    }
    let (number, control) = text.split_at(length - 1);
    let fits = number.parse::<u64>().is_ok_and(|number| number % by % 10 == u64::from(control.as_bytes()[0] - b'0'));
    demand(fits, CONTROL.0, CONTROL.1)
}

fn snils(text: &str) -> Finding {
    if !is_digits(text, 11) {
        return Err(label("в СНИЛС 11 цифр", "a SNILS has 11 digits"));
    }
    let digits = digits(text);
    // Numbers up to 001-001-998 were given out before control digits were.
    if text[..9] <= *"001001998" {
        return Ok(None);
    }
    let sum = weighed(&digits, &[9, 8, 7, 6, 5, 4, 3, 2, 1]);
    demand(sum % 101 % 100 == digits[9] * 10 + digits[10], CONTROL.0, CONTROL.1)
}

fn bik(text: &str) -> Finding {
    match (is_digits(text, 9), text.get(..2)) {
        (true, Some("04")) => Ok(None),
        (true, Some("00" | "01" | "02")) => Ok(Some(label(
            "это БИК казначейства или Банка России, а не обычного банка",
            "this is a code of the Treasury or the Bank of Russia, not of a usual bank",
        ))),
        (true, _) => Err(label("БИК российского банка начинается с 04", "the code of a Russian bank begins with 04")),
        _ => Err(label("в БИК 9 цифр", "a BIK has 9 digits")),
    }
}

/// Whether a Russian account fits its bank (domain.md C.2, V-RS and V-KS).
pub fn account_fits(bik: &str, account: &str) -> bool {
    if !is_digits(bik, 9) || !is_digits(account, 20) {
        return false;
    }
    let sum = |head: &str| -> u32 {
        format!("{head}{account}").bytes().zip([7, 1, 3].into_iter().cycle()).map(|(byte, weight)| u32::from(byte - b'0') * weight % 10).sum()
    };
    // Codes of settlement centres of the Bank of Russia end in 000 to 002; so do correspondent accounts.
    let center = account.starts_with("301") || matches!(&bik[6..], "000" | "001" | "002");
    let head = if center { format!("0{}", &bik[4..6]) } else { bik[6..].to_owned() };
    sum(&head) % 10 == 0
}

/// The control digit of Kazakh numbers; `None` when the number cannot exist.
fn kazakh_control(digits: &[u32]) -> Option<u32> {
    let first = weighed(&digits[..11], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) % 11;
    let control = if first == 10 { weighed(&digits[..11], &[3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2]) % 11 } else { first };
    (control < 10).then_some(control)
}

fn iin(text: &str) -> Finding {
    if !is_digits(text, 12) {
        return Err(label("в ИИН 12 цифр", "an IIN has 12 digits"));
    }
    let digits = digits(text);
    let two = |at: usize| i16::try_from(digits[at] * 10 + digits[at + 1]).unwrap_or(0);
    let centuries: &[i16] = match digits[6] {
        0 => &[1800, 1900, 2000],
        1 | 2 => &[1800],
        3 | 4 => &[1900],
        5 | 6 => &[2000],
        _ => return Err(label("седьмая цифра ИИН — от 0 до 6", "the seventh digit of an IIN is 0 to 6")),
    };
    let (month, day) = (i8::try_from(two(2)).unwrap_or(0), i8::try_from(two(4)).unwrap_or(0));
    if !centuries.iter().any(|century| Date::new(century + two(0), month, day).is_ok()) {
        return Err(label("ИИН начинается с даты рождения, а такой даты нет", "an IIN begins with a date of birth, and there is no such date"));
    }
    demand(kazakh_control(&digits) == Some(digits[11]), CONTROL.0, CONTROL.1)
}

fn bin(text: &str) -> Finding {
    if !is_digits(text, 12) {
        return Err(label("в БИН 12 цифр", "a BIN has 12 digits"));
    }
    let digits = digits(text);
    if !(1..=12).contains(&(digits[2] * 10 + digits[3])) {
        return Err(label(
            "БИН начинается с года и месяца регистрации, а такого месяца нет",
            "a BIN begins with year and month of registration, and there is no such month",
        ));
    }
    if kazakh_control(&digits) != Some(digits[11]) {
        return Err(label(CONTROL.0, CONTROL.1));
    }
    Ok((!matches!(digits[4], 4..=6)).then(|| label("пятая цифра БИН обычно 4, 5 или 6", "the fifth digit of a BIN is usually 4, 5 or 6")))
}

fn iban_kz(text: &str) -> Finding {
    let shape = text.len() == 20
        && text.is_ascii()
        && text.starts_with("KZ")
        && text[2..4].bytes().all(|byte| byte.is_ascii_digit())
        && text[4..].bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    if !shape {
        return Err(label("ИИК — 20 знаков и начинается с KZ", "a Kazakh account has 20 characters and begins with KZ"));
    }
    let rest = text[4..].bytes().chain(text[..4].bytes()).fold(0_u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
    });
    demand(rest == 1, CONTROL.0, CONTROL.1)
}

/// The check digit of ICAO 9303: letters are 10 to 35, the filler is 0, weights 7, 3, 1.
pub fn mrz_digit(text: &str) -> Option<u32> {
    let value = |byte: u8| match byte {
        b'0'..=b'9' => Some(u32::from(byte - b'0')),
        b'A'..=b'Z' => Some(u32::from(byte - b'A') + 10),
        b'<' => Some(0),
        _ => None,
    };
    text.bytes().zip([7, 3, 1].into_iter().cycle()).try_fold(0, |sum, (byte, weight)| Some(sum + value(byte)? * weight)).map(|sum| sum % 10)
}

fn mrz(text: &str) -> Finding {
    let shape = text.len() == 88 && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase() || byte == b'<') && text.starts_with('P');
    if !shape {
        return Err(label(
            "нужны две строки по 44 знака, как внизу страницы паспорта",
            "two lines of 44 characters are needed, as at the foot of the passport's page",
        ));
    }
    let line = &text[44..];
    let digit = |at: usize| line.as_bytes()[at];
    let fits = |part: &str, at: usize| mrz_digit(part).is_some_and(|sum| char::from_digit(sum, 10) == Some(char::from(digit(at))));
    // An empty optional part may have the filler for its digit.
    let optional = fits(&line[28..42], 42) || (digit(42) == b'<' && line[28..42].bytes().all(|byte| byte == b'<'));
    let all = fits(&line[..9], 9)
        && fits(&line[13..19], 19)
        && fits(&line[21..27], 27)
        && optional
        && fits(&format!("{}{}{}", &line[..10], &line[13..20], &line[21..43]), 43);
    demand(all, "контрольные цифры строки не сходятся", "the check digits of the line do not fit")
}

fn cadastre(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let lengths = [2..=2, 2..=2, 1..=7, 1..=9];
    parts.len() == 4 && parts.iter().zip(lengths).all(|(part, length)| length.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit()))
}

fn case_number(text: &str) -> bool {
    let Some((court, rest)) = text.strip_prefix('А').and_then(|rest| rest.split_once('-')) else { return false };
    let Some((number, year)) = rest.split_once('/') else { return false };
    is_digits(court, 2) && (1..=6).any(|length| is_digits(number, length)) && is_digits(year, 4)
}

fn luhn(text: &str) -> bool {
    let sum: u32 = digits(text)
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| match at % 2 {
            0 => *digit,
            _ => digit * 2 / 10 + digit * 2 % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Seven digits with Luhn's digit after them: the next personal account of a subscriber.
pub fn with_luhn(seven: u32) -> String {
    let head = format!("{seven:07}");
    (0..10).map(|digit| format!("{head}{digit}")).find(|text| luhn(text)).unwrap_or(head)
}

/// A date of birth lies between 1900 and today.
///
/// # Errors
/// The reason, for a person.
pub fn birth_date(date: Date, today: Date) -> Result<(), Label> {
    match (date.year() >= 1900, date <= today) {
        (false, _) => Err(label("дата рождения не может быть раньше 1900 года", "a date of birth is not before 1900")),
        (_, false) => Err(label("дата рождения не может быть в будущем", "a date of birth is not in the future")),
        _ => Ok(()),
    }
}

/// Whether somebody born on a day is of full age on another one.
pub fn is_adult(born: Date, today: Date) -> bool {
    let (years, passed) = (today.year() - born.year(), (today.month(), today.day()) >= (born.month(), born.day()));
    years > 18 || (years == 18 && passed)
}

/// What is wrong between answers of one record: accounts and their banks, periods, dates of birth and of passports.
/// (code, reason) pairs; for lenient fields they are doubts.
pub fn together(shape: &EntityType, values: &Values, today: Date) -> Vec<(String, Label)> {
    let mut wrong = Vec::new();
    let mut say = |field: &Field, reason: Label| {
        wrong.push((field.code.clone(), Label::new(format!("«{}»: {}", field.title.ru, reason.ru), format!("{}: {}", field.title.en, reason.en))));
    };
    for field in &shape.fields {
        match (&field.kind, values.get(&field.code)) {
            (FieldKind::Requisite { check: Check::Account | Check::CorrAccount }, Value::Text(account)) => {
                let bik = values.text(code::BIK);
                if is_digits(bik, 9) && is_digits(account, 20) && !account_fits(bik, account) {
                    say(field, label("счёт не подходит к БИК, проверьте оба номера", "the account does not fit the bank code, check both numbers"));
                }
            }
            (FieldKind::Date, Value::Date(one)) if field.code == code::BIRTH_DATE => {
                if let Err(reason) = birth_date(one.date, today) {
                    say(field, reason);
                }
            }
            _ => {}
        }
        // A period is a pair of fields `<name>_from` and `<name>_to` (or `_until`).
        if let Some(name) = field.code.strip_suffix("_from") {
            for end in ["to", "until"].map(|end| format!("{name}_{end}")) {
                if let Some(last) = shape.field(&end)
                    && crate::query::compare(values.get(&field.code), values.get(&end)) == Some(std::cmp::Ordering::Greater)
                {
                    say(last, label("конец периода раньше начала", "the period ends before it begins"));
                }
            }
        }
    }
    wrong
}

/// What is doubtful about the answers of a record: badges for the card. Nothing here stands in the way of saving.
pub fn warnings(shape: &EntityType, values: &Values, today: Date) -> Vec<(String, Label)> {
    let mut found = Vec::new();
    let mut say = |field: &Field, reason: Label| {
        found.push((field.code.clone(), Label::new(format!("«{}»: {}", field.title.ru, reason.ru), format!("{}: {}", field.title.en, reason.en))));
    };
    for field in &shape.fields {
        let FieldKind::Requisite { check } = &field.kind else { continue };
        for stored in values.get(&field.code).as_list().iter().filter_map(Value::as_text) {
            if let Some(reason) = check.doubt(stored) {
                say(field, reason);
            }
            match check {
                Check::CorrAccount
                    if values.text(code::BIK).len() == 9 && stored.len() == 20 && stored.is_ascii() && stored[17..] != values.text(code::BIK)[6..] =>
                {
                    say(field, label("последние три цифры не такие, как в БИК", "its last three digits differ from those of the bank code"));
                }
                Check::PassportRu if is_digits(stored, 10) => passport_doubts(stored, values, today).into_iter().for_each(|reason| say(field, reason)),
                _ => {}
            }
        }
    }
    let lenient = |code: &str| shape.field(code).is_some_and(|field| field.lenient);
    found.extend(together(shape, values, today).into_iter().filter(|(code, _)| lenient(code)));
    found
}

/// V-PASS-RU: the blank is about as old as the passport, its owner was fourteen, and it was changed at twenty and forty-five.
fn passport_doubts(stored: &str, values: &Values, today: Date) -> Vec<Label> {
    let date = |codes: [&str; 2]| {
        codes.into_iter().find_map(|code| match values.get(code) {
            Value::Date(one) => Some(one.date),
            _ => None,
        })
    };
    let mut doubts = Vec::new();
    let Some(issued) = date(["pass_issued_at", "passport_issued_at"]) else { return doubts };
    let blank: i16 = stored[2..4].parse().unwrap_or(0);
    let apart = (issued.year() % 100 - blank).rem_euclid(100);
    if apart.min(100 - apart) > 3 {
        doubts.push(label("год в серии далёк от даты выдачи", "the year in the series is far from the date of issue"));
    }
    let Some(born) = date([code::BIRTH_DATE, "birthday"]) else { return doubts };
    let birthday = |years: i64| born.checked_add(jiff::Span::new().try_years(years).unwrap_or_default()).unwrap_or(Date::MAX);
    if issued < birthday(14) {
        doubts.push(label("паспорт выдан раньше четырнадцати лет", "the passport was issued before the age of fourteen"));
    }
    let late = |years: i64| {
        let limit = birthday(years).checked_add(jiff::Span::new().try_days(90).unwrap_or_default()).unwrap_or(Date::MAX);
        issued < birthday(years) && limit < today
    };
    if late(20) || late(45) {
        doubts.push(label("паспорт пора было заменить: в 20 и в 45 лет", "the passport had to be changed, at 20 and at 45"));
    }
    doubts
}

#[cfg(test)]
mod tests;
