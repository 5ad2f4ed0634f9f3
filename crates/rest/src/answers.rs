//! Answers to fields, from the dialect's spelling into ours and back (b24-rest.md §1.10).

use crate::node::{Map, Node};
use crate::spelling::{Derived, Name, Source, Spelling, semantic, type_mark};
use crm::entity::code;
use crm::{Ending, EntityTypeId, Field, FieldKind, Item, ItemRef, Label, Moment, PipelineId, Point, Refusal, StageId, Value};
use jiff::tz::TimeZone;

// ── in ──

/// One answer to a field as a client sent it; `kept` are the phones and addresses the item has already.
///
/// Only what the field's own kind does not know is done here: zones, multi-fields, links. The rest is judged by
/// `Field::accept` when the item is saved.
///
/// # Errors
/// Refuses lists where one value is wanted, and dates and links that are none.
pub fn taken(field: &Field, node: &Node, zone: &TimeZone, kept: &[Point]) -> Result<Value, Refusal> {
    if field.is_points() {
        return points(field, node, kept);
    }
    if field.multiple {
        let list: Vec<Value> = node.values().into_iter().map(|one| single(field, one, zone)).collect::<Result<_, _>>()?;
        return Ok(Value::Many(list.into_iter().filter(|one| !one.is_empty()).collect()));
    }
    match node {
        // PHP sends an empty list for "nothing".
        Node::List(list) if list.is_empty() => Ok(Value::Null),
        Node::Map(map) if map.is_empty() => Ok(Value::Null),
        one => single(field, one, zone),
    }
}

/// One scalar as an answer to a field.
///
/// # Errors
/// As [`taken`].
pub fn single(field: &Field, node: &Node, zone: &TimeZone) -> Result<Value, Refusal> {
    let Some(text) = node.scalar() else {
        return match (&field.kind, node) {
            (_, Node::Null) => Ok(Value::Null),
            (FieldKind::Address, Node::Map(map)) => Ok(address(map)),
            (FieldKind::Record { fields }, Node::Map(map)) => row_of_table(fields, map, zone),
            _ => Err(wrong(field, "нужно одно значение", "one value is needed")),
        };
    };
    if text.is_empty() {
        return Ok(Value::Null);
    }
    Ok(match &field.kind {
        FieldKind::Flag if text == "None" || text == "null" => Value::Null,
        FieldKind::Flag => Value::Text(text),
        FieldKind::Moment => Value::moment(moment(&text, zone).ok_or_else(|| wrong(field, "нужны дата и время", "a date and a time are needed"))?),
        FieldKind::Money => amount(text.split('|').next().unwrap_or("")),
        FieldKind::User => number(text.strip_prefix("user_").unwrap_or(&text)).map_or(Value::Text(text), or_nothing),
        FieldKind::Link { to } => {
            let plain = text.strip_prefix(&format!("{}_", type_mark(*to))).unwrap_or(&text);
            number(plain).map_or(Value::Text(text), or_nothing)
        }
        FieldKind::AnyItem => Value::item(card(&text).ok_or_else(|| wrong(field, "нужна ссылка вида D_17", "a link like D_17 is needed"))?),
        // Numbers of stored files; their bytes come through the disk.
        FieldKind::File | FieldKind::Image | FieldKind::Department => number(&text).map_or(Value::Text(text), or_nothing),
        FieldKind::Address => Value::Text(address_text(&text)),
        FieldKind::Record { .. } => return Err(wrong(field, "нужна строка таблицы с её полями", "a row of the table with its fields is needed")),
        _ => match node {
            Node::Int(number) => Value::Int(*number),
            Node::Bool(flag) => Value::Flag(*flag),
            _ => Value::Text(text),
        },
    })
}

/// An amount; programs send `0.30000000000000004`, which the original rounds.
fn amount(text: &str) -> Value {
    let finer = Field::new("amount", "", "", FieldKind::Decimal);
    match text.rsplit_once('.').is_some_and(|(_, fraction)| fraction.len() > 2) {
        true => finer.accept(&Value::text(text)).unwrap_or_else(|_| Value::text(text)),
        false => Value::text(text),
    }
}

/// Names of the original's addresses and our parts.
const PARTS: [(&str, &str); 7] = [
    ("address1", "street"),
    ("address2", "flat"),
    ("postalcode", "index"),
    ("province", "region"),
    ("region", "district"),
    ("addressline", "comment"),
    ("text", "comment"),
];

/// An address in parts: in our own codes, or as `crm.address` of the original names them. Parts that nobody knows are left
/// out, as unknown fields are.
fn address(map: &Map) -> Value {
    let ours = map.keys().all(|name| crm::address::PARTS.iter().any(|part| part.code == name));
    let mut values = crm::Values::new();
    for (name, node) in map {
        let squashed: String = name.chars().filter(|letter| *letter != '_').flat_map(char::to_lowercase).collect();
        let theirs = PARTS.iter().find(|(theirs, _)| !ours && *theirs == squashed).map(|(_, part)| *part);
        let code = theirs.or_else(|| crm::address::PARTS.iter().find(|part| part.code == squashed).map(|part| part.code));
        if let (Some(code), Some(text)) = (code, node.scalar()) {
            values.set(code, Value::Text(text));
        }
    }
    Value::Record(values)
}

/// `text|latitude;longitude|number`, as the original writes addresses in fields of the firm's own: the place is left out.
fn address_text(text: &str) -> String {
    match text.split_once('|') {
        Some((address, place)) if place.chars().all(|letter| letter.is_ascii_digit() || ".;|-".contains(letter)) => address.to_owned(),
        _ => text.to_owned(),
    }
}

fn row_of_table(fields: &[Field], map: &Map, zone: &TimeZone) -> Result<Value, Refusal> {
    let mut values = crm::Values::new();
    for (name, node) in map {
        let Some(inner) = fields.iter().find(|field| field.code.eq_ignore_ascii_case(name)) else { continue };
        values.set(inner.code.clone(), taken(inner, node, zone, &[])?);
    }
    Ok(Value::Record(values))
}

/// A row of a table as a client reads it.
fn row_shown(fields: &[Field], values: &crm::Values, zone: &TimeZone) -> Node {
    let one = |field: &Field| match values.get(&field.code) {
        Value::Int(number) => Node::Int(*number),
        Value::Decimal(decimal) => plain(decimal.scaled, 4),
        Value::Money(money) => plain(money.minor, 2),
        Value::Text(text) => Node::text(text),
        Value::Flag(flag) => Node::text(if *flag { "Y" } else { "N" }),
        Value::Date(one) => Node::text(date_text(one.date, zone)),
        Value::Moment(one) => Node::text(moment_text(one.at, zone)),
        Value::Ref(one) => Node::text(format!("{}_{}", type_mark(one.item.kind), one.item.id)),
        Value::Record(parts) => Node::Text(crm::address::line(parts)),
        Value::Points(points) => Node::texts(points.list.iter().map(|point| point.raw.clone())),
        Value::Many(list) => Node::texts(list.iter().filter_map(Value::as_text)),
        Value::Null => Node::Null,
    };
    Node::Map(fields.iter().map(|field| (field.code.clone(), one(field))).collect())
}

fn or_nothing(number: i64) -> Value {
    match number {
        0 => Value::Null,
        number => Value::Int(number),
    }
}

fn number(text: &str) -> Option<i64> {
    text.trim().parse().ok()
}

fn wrong(field: &Field, ru: &str, en: &str) -> Refusal {
    let reason = Label::new(format!("«{}»: {ru}", field.title.ru), format!("{}: {en}", field.title.en));
    Refusal::new("wrong_values", "Проверьте заполнение полей", "Check the fields").at(field.code.clone(), reason)
}

/// `D_17`, `T80_6`, our own `2:17`.
pub fn card(text: &str) -> Option<ItemRef> {
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let (mark, id) = text.rsplit_once('_')?;
    let kind = match mark {
        "L" => 1,
        "D" => 2,
        "C" => 3,
        "CO" => 4,
        _ => i64::from_str_radix(mark.strip_prefix('T')?, 16).ok()?,
    };
    Some(ItemRef::new(EntityTypeId(kind), id.parse().ok().filter(|id| *id > 0)?))
}

/// ISO 8601 with an offset; without one, and in the firm's own way `DD.MM.YYYY [hh:mm[:ss]]`, it is the firm's time.
pub fn moment(text: &str, zone: &TimeZone) -> Option<Moment> {
    let text = text.trim();
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(Moment::from_timestamp(at));
    }
    let local = text.parse::<jiff::civil::DateTime>().ok().or_else(|| {
        let (date, time) = text.split_once(' ').unwrap_or((text, "00:00"));
        let mut parts = date.split('.');
        let mut part = || parts.next()?.parse::<i16>().ok();
        let (day, month, year) = (part()?, part()?, part()?);
        let date = jiff::civil::Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
        Some(date.to_datetime(time.trim().parse::<jiff::civil::Time>().ok()?))
    })?;
    zone.to_zoned(local).ok().map(|zoned| Moment::from_timestamp(zoned.timestamp()))
}

/// Multi-fields: without `ID` a value is added, with it changed, with `DELETE` or an empty `VALUE` deleted; what is not
/// mentioned stays.
fn points(field: &Field, node: &Node, kept: &[Point]) -> Result<Value, Refusal> {
    let mut list = kept.to_vec();
    let entries = match node {
        Node::Map(map) if crate::node::named(map, "VALUE").is_some() => vec![node],
        other => other.values(),
    };
    for entry in entries {
        let part = |name: &str, short: &str| entry.named(name).or_else(|| entry.named(short));
        let (id, value, label) = match entry {
            Node::Map(_) => (
                part("ID", "id").and_then(Node::int).unwrap_or(0),
                part("VALUE", "value").and_then(Node::scalar),
                part("VALUE_TYPE", "valueType").and_then(Node::scalar).map(|label| label.to_uppercase()),
            ),
            Node::List(_) => return Err(wrong(field, "нужно значение", "a value is needed")),
            scalar => (0, scalar.scalar(), None),
        };
        let delete = part("DELETE", "delete").is_some_and(Node::is_yes) || value.as_deref().is_some_and(|value| value.trim().is_empty());
        match list.iter().position(|point| id != 0 && point.id == id) {
            Some(at) if delete => drop(list.remove(at)),
            Some(at) => {
                let point = &mut list[at];
                point.raw = value.unwrap_or_else(|| point.raw.clone());
                point.label = label.unwrap_or_else(|| point.label.clone());
            }
            None if delete => {}
            None => list.extend(value.map(|raw| Point { raw, label: label.unwrap_or_default(), ..Point::default() })),
        }
    }
    Ok(if list.is_empty() { Value::Null } else { Value::points(list) })
}

// ── out ──

/// A moment as the dialect writes it: `2026-09-21T15:33:20+03:00`, in the firm's zone.
pub fn moment_text(at: Moment, zone: &TimeZone) -> String {
    at.timestamp().to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

fn date_text(date: crm::Date, zone: &TimeZone) -> String {
    date.to_zoned(zone.clone()).map_or_else(|_| date.to_string(), |zoned| zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

/// `1500.00`
fn money_text(minor: i64) -> String {
    format!("{}{}.{:02}", if minor < 0 { "-" } else { "" }, (minor / 100).unsigned_abs(), (minor % 100).unsigned_abs())
}

/// A number without needless places: `1500`, `1500.5`.
fn plain(scaled: i64, places: usize) -> Node {
    let factor = 10_i64.pow(u32::try_from(places).unwrap_or(0));
    if scaled % factor == 0 {
        return Node::Int(scaled / factor);
    }
    let text = format!("{}{}.{:0places$}", if scaled < 0 { "-" } else { "" }, (scaled / factor).unsigned_abs(), (scaled % factor).unsigned_abs());
    text.parse().map_or(Node::Text(text), Node::Float)
}

/// Which of the two ways of writing a method uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Every scalar a text.
    Classic,
    /// Numbers are numbers.
    Universal,
}

/// The answer of an item to a name.
pub fn told(spelling: &Spelling<'_>, name: &Name<'_>, item: &Item, zone: &TimeZone, style: Style) -> Node {
    match name.source {
        Source::Derived(Derived::Same(code)) => spelling.name_of(code).map_or(Node::Null, |name| told(spelling, name, item, zone, style)),
        Source::Derived(derived) => worked_out(spelling, derived, item, style),
        Source::Field(field) if field.is_points() => Node::List(item.values.points(&field.code).iter().map(|point| point_node(name, point, style)).collect()),
        Source::Field(field) if field.multiple => {
            Node::List(item.values.get(&field.code).as_list().iter().map(|one| scalar(spelling, name, field, one, item, zone, style)).collect())
        }
        Source::Field(field) => scalar(spelling, name, field, item.values.get(&field.code), item, zone, style),
    }
}

fn point_node(name: &Name<'_>, point: &Point, style: Style) -> Node {
    if name.custom {
        return Node::text(&point.raw);
    }
    match style {
        Style::Classic => Node::map([
            ("ID", Node::text(point.id.to_string())),
            ("VALUE_TYPE", Node::text(&point.label)),
            ("VALUE", Node::text(&point.raw)),
            ("TYPE_ID", Node::text(&name.upper)),
        ]),
        Style::Universal => Node::map([
            ("id", Node::Int(point.id)),
            ("typeId", Node::text(&name.upper)),
            ("valueType", Node::text(&point.label)),
            ("value", Node::text(&point.raw)),
        ]),
    }
}

fn worked_out(spelling: &Spelling<'_>, derived: Derived, item: &Item, style: Style) -> Node {
    let yes = |flag: bool| Node::text(if flag { "Y" } else { "N" });
    let stage = || item.stage().and_then(|id| spelling.schema.stage(id));
    match derived {
        Derived::Semantic => stage().map_or(Node::Null, |(_, stage)| Node::text(semantic(stage))),
        Derived::Closed => yes(stage().is_some_and(|(_, stage)| stage.outcome != Ending::Open)),
        Derived::New => yes(stage().is_some_and(|(pipeline, stage)| pipeline.position(stage.id) == Some(0))),
        Derived::Has(field) => yes(!item.values.points(field).is_empty()),
        Derived::Contacts => {
            let contact = item.values.int(code::CONTACT).filter(|id| *id != 0);
            Node::List(contact.into_iter().map(|id| whole(id, style)).collect())
        }
        Derived::Always(text) => Node::text(text),
        Derived::Nothing | Derived::Same(_) => Node::Null,
    }
}

fn whole(number: i64, style: Style) -> Node {
    match style {
        Style::Classic => Node::text(number.to_string()),
        Style::Universal => Node::Int(number),
    }
}

fn scalar(spelling: &Spelling<'_>, name: &Name<'_>, field: &Field, value: &Value, item: &Item, zone: &TimeZone, style: Style) -> Node {
    match (&field.kind, value) {
        (FieldKind::Flag, value) => {
            let flag = matches!(value, Value::Flag(true));
            match (name.custom, style) {
                (true, Style::Classic) => Node::text(if flag { "1" } else { "0" }),
                _ => Node::text(if flag { "Y" } else { "N" }),
            }
        }
        (FieldKind::Date | FieldKind::Moment, Value::Null) if style == Style::Classic => Node::text(""),
        (FieldKind::Stage, Value::Int(id)) => spelling.stage_code(StageId(*id)).map_or(Node::Null, Node::Text),
        (FieldKind::Pipeline, Value::Int(id)) => spelling.category(PipelineId(*id)).map_or(Node::Null, |category| whole(category, style)),
        (_, Value::Money(money)) if name.custom => {
            Node::text(format!("{}|{}", plain(money.minor, 2).scalar().unwrap_or_default(), item.values.text(code::CURRENCY)))
        }
        (_, Value::Money(money)) => match style {
            Style::Classic => Node::text(money_text(money.minor)),
            Style::Universal => plain(money.minor, 2),
        },
        (_, Value::Decimal(decimal)) => match style {
            Style::Classic => Node::text(plain(decimal.scaled, 4).scalar().unwrap_or_default()),
            Style::Universal => plain(decimal.scaled, 4),
        },
        (_, Value::Int(number)) => whole(*number, style),
        (_, Value::Text(text)) => Node::text(text),
        (_, Value::Date(one)) => Node::text(date_text(one.date, zone)),
        (_, Value::Moment(one)) => Node::text(moment_text(one.at, zone)),
        (_, Value::Ref(one)) => Node::text(format!("{}_{}", type_mark(one.item.kind), one.item.id)),
        (_, Value::Flag(flag)) => Node::text(if *flag { "Y" } else { "N" }),
        (FieldKind::Address, Value::Record(parts)) => Node::Text(crm::address::line(parts)),
        (FieldKind::Record { fields }, Value::Record(row)) => row_shown(fields, row, zone),
        (_, Value::Null | Value::Many(_) | Value::Points(_) | Value::Record(_)) => Node::Null,
    }
}

/// A row with these names. An empty row is printed as a list, as PHP does.
pub fn row(spelling: &Spelling<'_>, names: &[&Name<'_>], item: &Item, zone: &TimeZone, style: Style, original_custom_names: bool) -> Map {
    let written = |name: &Name<'_>| match style {
        Style::Classic => name.upper.clone(),
        Style::Universal if name.custom && original_custom_names => name.upper.clone(),
        Style::Universal => name.camel.clone(),
    };
    names.iter().map(|name| (written(name), told(spelling, name, item, zone, style))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> TimeZone {
        TimeZone::get("Europe/Moscow").unwrap()
    }

    #[test]
    fn a_time_without_an_offset_is_the_firms_own() {
        let noon = moment("2026-09-21T12:00:00+03:00", &zone());
        assert!(noon.is_some());
        for text in ["2026-09-21T12:00:00", "2026-09-21 12:00:00", "21.09.2026 12:00:00", "21.09.2026 12:00", "2026-09-21T09:00:00Z"] {
            assert_eq!(moment(text, &zone()), noon, "{text}");
        }
        assert_eq!(moment("21.09.2026", &zone()), moment("2026-09-21", &zone()));
        for text in ["", "soon", "32.01.2026", "2026-13-01", "1", "21.09.2026 25:00"] {
            assert_eq!(moment(text, &zone()), None, "{text}");
        }
        assert_eq!(moment_text(noon.unwrap(), &zone()), "2026-09-21T12:00:00+03:00");
    }

    #[test]
    fn multi_fields_are_added_changed_and_deleted_one_by_one() {
        let field = Field::new("phone", "Телефон", "Phone", FieldKind::Phone);
        let kept = [
            Point { id: 5, raw: "+79990001122".into(), normal: "+79990001122".into(), label: "WORK".into() },
            Point { id: 6, raw: "+79990003344".into(), ..Point::default() },
        ];
        let given: Node =
            serde_json::from_str(r#"[{"ID":"5","VALUE_TYPE":"HOME"},{"ID":6,"DELETE":"Y"},{"VALUE":"+7 701 000 11 22","VALUE_TYPE":"mobile"},{"VALUE":""}]"#)
                .unwrap();
        let Ok(Value::Points(points)) = taken(&field, &given, &zone(), &kept) else { panic!("no points") };
        let list: Vec<(i64, &str, &str)> = points.list.iter().map(|point| (point.id, point.raw.as_str(), point.label.as_str())).collect();
        assert_eq!(list, [(5, "+79990001122", "HOME"), (0, "+7 701 000 11 22", "MOBILE")]);
    }

    #[test]
    fn an_address_is_taken_as_a_line_in_our_parts_and_in_theirs() {
        let field = Field::new("home", "Адрес", "Address", FieldKind::Address);
        let line = |json: &str| {
            let node: Node = serde_json::from_str(json).unwrap();
            match field.accept(&taken(&field, &node, &zone(), &[]).unwrap()) {
                Ok(Value::Record(parts)) => crm::address::line(&parts),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(line(r#""Омск, Ленина 1|55.0;73.3|17""#), "Омск, Ленина 1");
        assert_eq!(line(r#"{"city":"Омск","street":"Ленина","house":"1"}"#), "г. Омск, ул. Ленина, д. 1");
        assert_eq!(
            line(r#"{"POSTAL_CODE":"644000","PROVINCE":"Омская область","CITY":"Омск","ADDRESS_1":"ул. Ленина, 1"}"#),
            "644000, Омская область, г. Омск, ул. Ленина, 1"
        );
    }

    #[test]
    fn an_amount_of_a_program_is_rounded_and_a_table_has_rows() {
        let money = Field::new("sum", "Сумма", "Sum", FieldKind::Money);
        let taken_money = |node: Node| money.accept(&taken(&money, &node, &zone(), &[]).unwrap());
        assert_eq!(taken_money(Node::Float(0.1 + 0.2)), Ok(Value::money(30)));
        assert_eq!(taken_money(Node::text("1500.5|RUB")), Ok(Value::money(150_050)));
        let inner = vec![Field::new("price", "Цена", "Price", FieldKind::Money), Field::new("name", "Имя", "Name", FieldKind::Text)];
        let table = Field { multiple: true, ..Field::new("costs", "Расходы", "Costs", FieldKind::Record { fields: inner.clone() }) };
        let node: Node = serde_json::from_str(r#"[{"PRICE":"25000.00","name":"Депозит","odd":1},{"price":10.5}]"#).unwrap();
        let Ok(Value::Many(rows)) = table.accept(&taken(&table, &node, &zone(), &[]).unwrap()) else { panic!("no rows") };
        let Value::Record(row) = &rows[0] else { panic!("no row") };
        assert_eq!(row.get("price"), &Value::money(2_500_000));
        assert_eq!(
            row_shown(&inner, row, &zone()),
            Node::Map([("price".to_owned(), Node::Int(25_000)), ("name".to_owned(), Node::text("Депозит"))].into_iter().collect())
        );
    }

    #[test]
    fn numbers_have_only_the_places_they_need() {
        assert_eq!(plain(150_000, 2), Node::Int(1500));
        assert_eq!(plain(150_050, 2), Node::Float(1500.5));
        assert_eq!(plain(-5, 2), Node::Float(-0.05));
        assert_eq!(money_text(-5), "-0.05");
    }

    #[test]
    fn links_are_read_in_every_spelling() {
        assert_eq!(card("D_17"), Some(ItemRef::new(EntityTypeId(2), 17)));
        assert_eq!(card("CO_3"), Some(ItemRef::new(EntityTypeId(4), 3)));
        assert_eq!(card("T80_6"), Some(ItemRef::new(EntityTypeId(128), 6)));
        assert_eq!(card("2:17"), Some(ItemRef::new(EntityTypeId(2), 17)));
        for text in ["", "D_", "D_x", "X_1", "17", "D_0"] {
            assert_eq!(card(text), None, "{text}");
        }
    }
}
