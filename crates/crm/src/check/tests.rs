//! Numbers that states and banks published, and what is made of garbage.

use super::*;

/// The vectors of domain.md, table C.2 and Appendix J.
#[test]
fn every_published_number_is_judged_as_the_state_judges_it() {
    let vectors = [
        (Check::Inn10, "7707083893", true),
        (Check::Inn10, "5406999015", true),
        (Check::Inn10, "7707083894", false),
        (Check::Inn10, "500100732259", false),
        (Check::Inn12, "500100732259", true),
        (Check::Inn12, "540499900121", true),
        (Check::Inn12, "540499900199", false),
        (Check::Inn12, "7707083893", false),
        (Check::Inn, "7707083893", true),
        (Check::Inn, "500100732259", true),
        (Check::Inn, "770708389", false),
        (Check::Kpp, "540601001", true),
        (Check::Kpp, "5406AB001", true),
        (Check::Kpp, "5406010", false),
        (Check::Ogrn, "1027700132195", true),
        (Check::Ogrn, "1265400999016", true),
        (Check::Ogrn, "1027700132196", false),
        (Check::Ogrnip, "304500116000157", true),
        (Check::Ogrnip, "326169000999002", true),
        (Check::Ogrnip, "304500116000158", false),
        (Check::Snils, "112-233-445 95", true),
        (Check::Snils, "199-900-101 00", true),
        (Check::Snils, "100-018-999 00", true),
        (Check::Snils, "100-019-899 00", true),
        (Check::Snils, "102-889-999 00", true),
        (Check::Snils, "001-001-998 77", true),
        (Check::Snils, "112-233-445 96", false),
        (Check::Bik, "044525225", true),
        (Check::Bik, "024501901", true),
        (Check::Bik, "14452522", false),
        (Check::Bik, "304452522", false),
        (Check::Iin, "850312300994", true),
        (Check::Iin, "900115300401", true),
        (Check::Iin, "920701400990", true),
        (Check::Iin, "850312300995", false),
        (Check::Iin, "851312300994", false),
        (Check::Bin, "941240000193", true),
        (Check::Bin, "971240001315", true),
        (Check::Bin, "940140000385", true),
        (Check::Bin, "260340009908", true),
        (Check::Bin, "941240000194", false),
        (Check::IbanKz, "KZ86125KZT5004100100", true),
        (Check::IbanKz, "kz10 999K ZT00 0000 0901", true),
        (Check::IbanKz, "KZ87125KZT5004100100", false),
        (Check::PassportRu, "50 18 123456", true),
        (Check::PassportRu, "50 18 12345", false),
        (Check::TravelPassport, "75 1234567", true),
        (Check::TravelPassport, "75 123456", false),
        (Check::Vin, "XTA210990Y2766389", true),
        (Check::Vin, "XTA21O990Y2766389", false),
        (Check::Vin, "XTA21I990Y2766389", false),
        (Check::Vin, "XTA21Q990Y2766389", false),
        (Check::Cadastre, "54:35:101001:123", true),
        (Check::Cadastre, "54:35:10100100:123", false),
        (Check::CaseNumber, "А45-12345/2026", true),
        (Check::CaseNumber, "A45-12345/2026", true),
        (Check::CaseNumber, "45-12345/26", false),
        (Check::PostalTrack, "63000012345678", true),
        (Check::PostalTrack, "RA123456789RU", true),
        (Check::PostalTrack, "RA12345678RU", false),
        (Check::PostalIndex, "630099", true),
        (Check::PostalIndex, "A15E3H4", true),
        (Check::PostalIndex, "63009", false),
        (Check::Subscriber, "10000016", true),
        (Check::Subscriber, "10000024", true),
        (Check::Subscriber, "10000032", true),
        (Check::Subscriber, "10000040", true),
        (Check::Subscriber, "10000017", false),
    ];
    for (check, text, fits) in vectors {
        assert_eq!(check.accept(text).is_ok(), fits, "{check:?} {text}");
    }
    for last in 0..10 {
        assert!(Check::Iin.accept(&format!("90011530120{last}")).is_err(), "no control digit exists for this prefix: {last}");
    }
}

#[test]
fn an_account_belongs_to_its_bank() {
    for (bik, account, fits) in [
        ("044525225", "40702810138250123017", true),
        ("044525225", "40702810138250123018", false),
        ("045004990", "40702810600000000901", true),
        ("044525225", "30101810400000000225", true),
        ("044525225", "30101810500000000225", false),
        ("045004990", "30101810400000000990", true),
        ("04452522", "40702810138250123017", false),
        ("044525225", "4070281013825012301я", false),
    ] {
        assert_eq!(account_fits(bik, account), fits, "{bik} {account}");
    }
}

#[test]
fn the_zone_of_a_passport_adds_up() {
    assert_eq!(mrz_digit("510509"), Some(2));
    let specimen = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
    assert_eq!(Check::Mrz.accept(specimen).map(|text| text.len()), Ok(88));
    assert_eq!(Check::Mrz.pretty(&Check::Mrz.accept(specimen).unwrap()), specimen);
    assert!(Check::Mrz.accept(&specimen.replace("7408122", "7408123")).is_err());
    assert!(Check::Mrz.accept(&specimen.replace("<<<<<10", "<<<<<11")).is_err(), "the composite digit is checked too");
}

#[test]
fn a_number_is_stored_in_one_spelling_and_read_in_the_usual_one() {
    for (check, typed, stored, pretty) in [
        (Check::Snils, "112-233-445 95", "11223344595", "112-233-445 95"),
        (Check::PassportRu, "5018 № 123456", "5018123456", "50 18 123456"),
        (Check::IbanKz, "kz86 125k zt50 0410 0100", "KZ86125KZT5004100100", "KZ86 125K ZT50 0410 0100"),
        (Check::CaseNumber, "a45-12345/2026", "А45-12345/2026", "А45-12345/2026"),
        (Check::Account, "40702.810.1.38250123017", "40702810138250123017", "40702 810 1 3825 0123017"),
        (Check::Vin, "хта210990y2766389", "XTA210990Y2766389", "XTA210990Y2766389"),
    ] {
        assert_eq!(check.accept(typed).as_deref(), Ok(stored), "{check:?}");
        assert_eq!(check.pretty(stored), pretty, "{check:?}");
    }
}

#[test]
fn what_is_only_doubtful_is_accepted_with_a_warning() {
    assert!(Check::Bik.doubt("024501901").is_some());
    assert!(Check::Bik.doubt("044525225").is_none());
    let odd = (0..10).map(|last| format!("94121000019{last}")).find(|text| Check::Bin.accept(text).is_ok()).unwrap();
    assert!(Check::Bin.doubt(&odd).is_some(), "{odd}: the fifth digit is 1");
    assert!(Check::Bin.doubt("941240000193").is_none());
}

#[test]
fn garbage_of_any_alphabet_is_refused_and_never_panics() {
    let all = [
        Check::Inn10,
        Check::Inn12,
        Check::Inn,
        Check::Kpp,
        Check::Ogrn,
        Check::Ogrnip,
        Check::Snils,
        Check::Bik,
        Check::Account,
        Check::CorrAccount,
        Check::Iin,
        Check::Bin,
        Check::IbanKz,
        Check::PassportRu,
        Check::TravelPassport,
        Check::Mrz,
        Check::Vin,
        Check::Cadastre,
        Check::CaseNumber,
        Check::PostalTrack,
        Check::PostalIndex,
        Check::Subscriber,
    ];
    let long = "я".repeat(44);
    for check in all {
        for text in ["", "я", "💥💥💥💥💥", "٧٧٠٧٠٨٣٨٩٣", "КЗ86125KZT5004100100", "KZ8я125KZT500410010", "А😀-1/2", "٠٠٠٠٠٠٠٠٠٠٠٠", &long]
        {
            assert!(check.accept(text).is_err(), "{check:?} {text}");
            let _ = check.pretty(text);
        }
    }
}

#[test]
fn luhn_gives_the_accounts_of_the_table() {
    assert_eq!([1_000_001, 1_000_002, 1_000_003, 1_000_004].map(with_luhn), ["10000016", "10000024", "10000032", "10000040"]);
}

fn shape() -> EntityType {
    let requisite = |code: &str, check| Field::new(code, code, code, FieldKind::Requisite { check });
    EntityType {
        fields: vec![
            requisite("bik", Check::Bik),
            requisite("account", Check::Account),
            requisite("corr_account", Check::CorrAccount),
            requisite("passport", Check::PassportRu),
            Field::new("pass_issued_at", "Выдан", "Issued", FieldKind::Date),
            Field::new("birth_date", "Дата рождения", "Date of birth", FieldKind::Date),
            Field::new("trip_from", "Поездка с", "Trip from", FieldKind::Date),
            Field::new("trip_to", "Поездка по", "Trip to", FieldKind::Date),
        ],
        ..EntityType::default()
    }
}

fn day(text: &str) -> Value {
    Value::date(text.parse().unwrap())
}

#[test]
fn answers_that_contradict_each_other_are_found() {
    let today = "2026-11-25".parse().unwrap();
    let codes = |values: &Values| together(&shape(), values, today).into_iter().map(|(code, _)| code).collect::<Vec<_>>();
    let good = Values::from([
        ("bik", Value::text("044525225")),
        ("account", Value::text("40702810138250123017")),
        ("birth_date", day("1985-03-12")),
        ("trip_from", day("2026-12-01")),
        ("trip_to", day("2026-12-01")),
    ]);
    assert!(codes(&good).is_empty());
    assert_eq!(codes(&good.clone().with("account", Value::text("40702810138250123018"))), ["account"]);
    assert_eq!(codes(&good.clone().with("birth_date", day("2026-11-26"))), ["birth_date"]);
    assert_eq!(codes(&good.clone().with("birth_date", day("1899-12-31"))), ["birth_date"]);
    assert_eq!(codes(&good.with("trip_to", day("2026-11-30"))), ["trip_to"]);
}

#[test]
fn a_passport_that_should_have_been_changed_gets_a_badge() {
    let today: Date = "2026-11-25".parse().unwrap();
    let doubts = |series: &str, issued: &str, born: &str| {
        let values = Values::from([("passport", Value::text(series)), ("pass_issued_at", day(issued)), ("birth_date", day(born))]);
        warnings(&shape(), &values, today).len()
    };
    assert_eq!(doubts("5018123456", "2018-05-01", "1985-03-12"), 0);
    assert_eq!(doubts("5009123456", "2018-05-01", "1985-03-12"), 1, "the blank is nine years older than the passport");
    assert_eq!(doubts("5000123456", "2001-05-01", "1979-03-12"), 1, "not changed at forty-five");
    assert_eq!(doubts("5018123456", "2018-05-01", "2010-03-12"), 1, "issued to a child of eight");
    assert_eq!(doubts("5099123456", "2000-05-01", "1985-03-12"), 1, "issued at fifteen and not changed at twenty; 99 and 00 are near");
}

#[test]
fn full_age_comes_on_the_eighteenth_birthday() {
    let day = |text: &str| text.parse::<Date>().unwrap();
    assert!(is_adult(day("2008-11-25"), day("2026-11-25")));
    assert!(!is_adult(day("2008-11-26"), day("2026-11-25")));
}
