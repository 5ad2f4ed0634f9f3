//! Conditions of rules, and why they did not hold, with the values they saw.

use crm::{Filter, Item, Label, Lang, Op, Read, Rights, Value, Verdict, format};
use jiff::tz::TimeZone;

/// Whether an item fits; if not, the comparison that decided: "Сумма 40 000 ₽ не больше 50 000 ₽".
pub(crate) fn test(read: &dyn Read, item: &Item, condition: &Filter, zone: &TimeZone) -> Result<(), Label> {
    match condition.test(item) {
        Verdict::Fits => Ok(()),
        Verdict::Fails { field, op, wanted, seen } => {
            let told = |lang| failed(read, item, &Comparison { field: &field, op, wanted: &wanted, seen: &seen }, zone, lang);
            Err(Label::new(told(Lang::Ru), told(Lang::En)))
        }
    }
}

struct Comparison<'a> {
    field: &'a str,
    op: Op,
    wanted: &'a Value,
    seen: &'a Value,
}

fn failed(read: &dyn Read, item: &Item, one: &Comparison<'_>, zone: &TimeZone, lang: Lang) -> String {
    let schema = read.schema();
    let field = schema.field(item.kind, one.field);
    let title = field.map_or_else(|| one.field.to_owned(), |field| field.title.get(lang).to_owned());
    let say = |value: &Value| match field {
        Some(field) => format::value(read, &Rights::system(), item, field, value, zone, lang),
        None => value.as_text().unwrap_or_default().to_owned(),
    };
    // A negated group names its first field and nothing else.
    if one.op == Op::Ne && one.wanted.is_empty() && one.seen.is_empty() {
        let seen = say(item.values.get(one.field));
        return match lang {
            Lang::Ru => format!("{title} {seen}: подходит под условие с «не»"),
            Lang::En => format!("{title} {seen}: fits a condition that must not hold"),
        };
    }
    let (seen, wanted) = (say(one.seen), say(one.wanted));
    match (one.op, one.seen.is_empty(), lang) {
        (Op::Filled, ..) => format!("{title} {}", if lang == Lang::Ru { "не заполнено" } else { "is empty" }),
        (Op::Empty, ..) => format!("{title} {} {seen}", if lang == Lang::Ru { "заполнено:" } else { "is filled:" }),
        (_, true, Lang::Ru) => format!("{title} не заполнено, а нужно {} {wanted}", one.op.label().ru),
        (_, true, Lang::En) => format!("{title} is empty, but it has to be such that it {} {wanted}", one.op.label().en),
        _ => format!("{title} {seen} {} {wanted}", opposite(one.op, lang)),
    }
}

/// How the comparison reads when it does not hold.
fn opposite(op: Op, lang: Lang) -> &'static str {
    let (ru, en) = match op {
        Op::Eq => ("не равно", "is not"),
        Op::Ne => ("равно", "is"),
        Op::Gt => ("не больше", "is not more than"),
        Op::Ge => ("меньше", "is less than"),
        Op::Lt => ("не меньше", "is not less than"),
        Op::Le => ("больше", "is more than"),
        Op::In => ("не входит в список:", "is none of"),
        Op::NotIn => ("входит в список:", "is one of"),
        Op::Contains => ("не содержит", "does not contain"),
        Op::NotContains => ("содержит", "contains"),
        Op::Like => ("не подходит под образец", "does not fit"),
        Op::NotLike => ("подходит под образец", "fits"),
        Op::Empty => ("заполнено", "is filled"),
        Op::Filled => ("не заполнено", "is empty"),
    };
    if lang == Lang::Ru { ru } else { en }
}

/// A condition as a person reads it: "Сумма больше 50 000 ₽ и Регион равно Москва".
pub(crate) fn told(read: &dyn Read, kind: crm::EntityTypeId, condition: &Filter, zone: &TimeZone, lang: Lang) -> String {
    let inner = |one: &Filter| match one {
        Filter::All(list) | Filter::One(list) if list.len() > 1 => format!("({})", told(read, kind, one, zone, lang)),
        _ => told(read, kind, one, zone, lang),
    };
    let joined = |list: &[Filter], word: &str| list.iter().map(inner).collect::<Vec<_>>().join(word);
    match condition {
        Filter::Any => String::new(),
        Filter::All(list) => joined(list, if lang == Lang::Ru { " и " } else { " and " }),
        Filter::One(list) => joined(list, if lang == Lang::Ru { " или " } else { " or " }),
        Filter::Not(one) => format!("{} ({})", if lang == Lang::Ru { "не" } else { "not" }, told(read, kind, one, zone, lang)),
        Filter::Search(text) => {
            if lang == Lang::Ru {
                format!("есть «{text}»")
            } else {
                format!("holds “{text}”")
            }
        }
        Filter::Linked { kind: other, filter, .. } => {
            let title = read.schema().kind(*other).map(|one| one.plural.get(lang).to_owned()).unwrap_or_default();
            let inner = told(read, *other, filter, zone, lang);
            let word = if lang == Lang::Ru { "есть" } else { "there are" };
            if inner.is_empty() { format!("{word} {title}") } else { format!("{word} {title} ({inner})") }
        }
        Filter::Is { field, op, value } => {
            let schema = read.schema();
            let Some(known) = schema.field(kind, field) else { return field.clone() };
            // No item yet: amounts are told in the currency that new items get.
            let currency = schema.field(kind, crm::code::CURRENCY).map(|field| field.default.clone()).unwrap_or_default();
            let item = Item { kind, id: 0, version: 0, values: crm::Values::new().with(crm::code::CURRENCY, currency) };
            let value = format::value(read, &Rights::system(), &item, known, value, zone, lang);
            format!("{} {} {value}", known.title.get(lang), op.label().get(lang)).trim_end().to_owned()
        }
    }
}
