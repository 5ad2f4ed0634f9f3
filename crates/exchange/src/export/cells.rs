//! Answers as cells: numbers as numbers, days as days, the rest as a person reads it.

use crate::table::Cell;
use crm::{Field, FieldKind, Item, ItemRef, Lang, Outcome, Query, Read, Rights, Schema, UserId, Value, code};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// What the answers of one page of records are called: looked up once for the page.
pub(crate) struct Names {
    schema: Arc<Schema>,
    people: HashMap<UserId, String>,
    departments: HashMap<i64, String>,
    records: HashMap<ItemRef, String>,
    files: HashMap<i64, String>,
    zone: TimeZone,
    lang: Lang,
}

impl Names {
    pub fn of(read: &dyn Read, rights: &Rights, items: &[Item], fields: &[&Field], zone: TimeZone, lang: Lang) -> Outcome<Names> {
        let mut names = Names {
            schema: read.schema(),
            people: read.users()?.into_iter().map(|user| (user.id, user.name())).collect(),
            departments: read.departments()?.into_iter().map(|one| (one.id, one.title.get(lang).to_owned())).collect(),
            records: HashMap::new(),
            files: HashMap::new(),
            zone,
            lang,
        };
        let mut wanted: BTreeMap<crm::EntityTypeId, BTreeSet<i64>> = BTreeMap::new();
        for (item, field) in items.iter().flat_map(|item| fields.iter().map(move |field| (item, field))) {
            for value in item.values.get(&field.code).as_list() {
                match (&field.kind, value) {
                    (FieldKind::Link { to }, Value::Int(id)) => drop(wanted.entry(*to).or_default().insert(*id)),
                    (FieldKind::AnyItem, Value::Ref(one)) => drop(wanted.entry(one.item.kind).or_default().insert(one.item.id)),
                    (FieldKind::File | FieldKind::Image, Value::Int(id)) => {
                        let name = read.file(crm::FileId(*id))?.map(|file| file.name).unwrap_or_default();
                        names.files.insert(*id, name);
                    }
                    _ => {}
                }
            }
        }
        for (kind, ids) in wanted.into_iter().filter(|(kind, _)| names.schema.kind(*kind).is_some()) {
            let ids: Vec<i64> = ids.into_iter().collect();
            for part in ids.chunks(500) {
                let query = Query::of(kind).filter(super::these(part)).limit(500);
                names.records.extend(read.items(rights, &query)?.into_iter().map(|item| (item.at(), item.title().to_owned())));
            }
        }
        Ok(names)
    }

    /// The answer to a field as a cell.
    pub fn cell<'i>(&self, item: &'i Item, field: &Field) -> Cell<'i> {
        let value = if field.code == code::ID { &Value::Int(item.id) } else { item.values.get(&field.code) };
        let scaled = |number: i64, by: i64| number.checked_mul(by).map_or_else(|| Cell::from(number.to_string()), Cell::Number);
        match (&field.kind, value) {
            (_, Value::Money(money)) => scaled(money.minor, 100),
            (_, Value::Decimal(decimal)) => Cell::Number(decimal.scaled),
            (FieldKind::Integer | FieldKind::Formula { .. }, Value::Int(number)) => scaled(*number, 10_000),
            (_, Value::Date(one)) => Cell::Time(one.date.at(0, 0, 0, 0), false),
            (_, Value::Moment(one)) => Cell::Time(one.at.timestamp().to_zoned(self.zone.clone()).datetime(), true),
            _ => self.text(field, value).into(),
        }
    }

    /// The answer as a text; of several answers one behind the other, parted as the import parts them.
    fn text(&self, field: &Field, value: &Value) -> String {
        match (&field.kind, value) {
            (_, Value::Null) => String::new(),
            (_, Value::Many(list)) => list.iter().map(|one| self.text(field, one)).filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; "),
            (_, Value::Points(points)) => points.list.iter().map(|point| point.raw.as_str()).collect::<Vec<_>>().join("; "),
            (_, Value::Flag(flag)) => match (flag, self.lang) {
                (true, Lang::Ru) => "да",
                (false, Lang::Ru) => "нет",
                (true, Lang::En) => "yes",
                (false, Lang::En) => "no",
            }
            .to_owned(),
            (FieldKind::Choice { options }, Value::Text(code)) => {
                options.iter().find(|option| option.code == *code).map_or_else(|| code.clone(), |option| option.title.get(self.lang).to_owned())
            }
            (FieldKind::User, Value::Int(id)) => self.people.get(&UserId(*id)).cloned().unwrap_or_default(),
            (FieldKind::Department, Value::Int(id)) => self.departments.get(id).cloned().unwrap_or_default(),
            (FieldKind::Link { to }, Value::Int(id)) => self.records.get(&ItemRef::new(*to, *id)).cloned().unwrap_or_else(|| format!("№ {id}")),
            (FieldKind::File | FieldKind::Image, Value::Int(id)) => self.files.get(id).cloned().unwrap_or_default(),
            (FieldKind::Stage, Value::Int(id)) => crm::format::stage(&self.schema, crm::StageId(*id), self.lang),
            (FieldKind::Pipeline, Value::Int(id)) => {
                self.schema.pipelines.get(&crm::PipelineId(*id)).map(|one| one.title.get(self.lang).to_owned()).unwrap_or_default()
            }
            (_, Value::Ref(one)) => self.records.get(&one.item).cloned().unwrap_or_else(|| one.item.to_string()),
            (FieldKind::Address, Value::Record(values)) => crm::address::line(values),
            (_, Value::Record(values)) => serde_json::to_string(values).unwrap_or_default(),
            (_, Value::Text(text)) => text.clone(),
            (_, Value::Int(number)) => number.to_string(),
            (_, Value::Money(money)) => crm::format::money(money.minor, "", self.lang),
            (_, Value::Decimal(decimal)) => format!("{}.{:04}", decimal.scaled / 10_000, (decimal.scaled % 10_000).abs()),
            (_, Value::Date(one)) => one.date.to_string(),
            (_, Value::Moment(one)) => one.at.timestamp().to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        }
    }
}
