//! `filter`, `order` and `select` of lists (b24-rest.md §1.6).

use crate::answers::{self, moment, single};
use crate::node::{Map, Node};
use crate::spelling::{Derived, Name, Source, Spelling, semantic, stage_within};
use crate::wrong::{Stop, Wrong};
use crm::entity::code;
use crm::{Ending, Field, FieldKind, Filter, Moment, Op, Order, StageId, Value};
use jiff::tz::TimeZone;
use std::time::Duration;

/// At most so many comparisons in one filter.
const MOST: usize = 500;
/// Groups may be nested so deep.
const DEEPEST: usize = 16;

/// How a filter treats names that do not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// Old methods take no notice of them.
    Ignored,
    /// New methods refuse them.
    Refused,
}

/// Prefixes of a filter's key, the longest first.
const PREFIXES: [(&str, Asked); 16] = [
    ("!=%", Asked::Plain(Op::NotLike)),
    ("!%=", Asked::Plain(Op::NotLike)),
    ("=%", Asked::Plain(Op::Like)),
    ("%=", Asked::Plain(Op::Like)),
    ("!%", Asked::Plain(Op::NotContains)),
    ("!@", Asked::Plain(Op::NotIn)),
    ("!=", Asked::Plain(Op::Ne)),
    ("><", Asked::Between),
    (">=", Asked::Plain(Op::Ge)),
    ("<=", Asked::Plain(Op::Le)),
    ("!", Asked::Plain(Op::Ne)),
    ("%", Asked::Plain(Op::Contains)),
    (">", Asked::Plain(Op::Gt)),
    ("<", Asked::Plain(Op::Lt)),
    ("@", Asked::Plain(Op::In)),
    ("=", Asked::Plain(Op::Eq)),
];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Asked {
    Plain(Op),
    Between,
}

/// Reads filters of one type.
pub struct Reader<'a> {
    /// Names of the type.
    pub spelling: &'a Spelling<'a>,
    /// Zone of times without an offset.
    pub zone: &'a TimeZone,
    /// What happens to names that do not exist.
    pub unknown: Unknown,
}

impl Reader<'_> {
    /// The condition that a filter asks for.
    ///
    /// # Errors
    /// Refuses wrong values, filters too large or too deep, and, for new methods, names that do not exist.
    pub fn filter(&self, node: Option<&Node>) -> Result<Filter, Stop> {
        let filter = match node {
            None | Some(Node::Null) => Filter::Any,
            Some(Node::Text(text)) if text.is_empty() => Filter::Any,
            Some(node @ (Node::Map(_) | Node::List(_))) => self.group(node, 0)?,
            Some(_) => return Err(Wrong::argument("Parameter 'filter' must be array.").into()),
        };
        match filter.size().0 > MOST {
            true => Err(Wrong::argument(format!("Invalid filter: more than {MOST} conditions")).into()),
            false => Ok(filter.typed(self.spelling.schema, self.spelling.shape.id)?),
        }
    }

    fn group(&self, node: &Node, depth: usize) -> Result<Filter, Stop> {
        if depth > DEEPEST {
            return Err(Wrong::argument(format!("Invalid filter: nested deeper than {DEEPEST}")).into());
        }
        let mut parts = Vec::new();
        let mut any = false;
        match node {
            Node::List(list) => {
                for one in list {
                    parts.push(self.group(one, depth + 1)?);
                }
            }
            Node::Map(map) => {
                for (key, one) in map {
                    if key.eq_ignore_ascii_case("logic") {
                        any = one.scalar().is_some_and(|logic| logic.eq_ignore_ascii_case("OR"));
                    } else if key.bytes().all(|digit| digit.is_ascii_digit()) && matches!(one, Node::Map(_) | Node::List(_)) {
                        parts.push(self.group(one, depth + 1)?);
                    } else {
                        parts.push(self.condition(key, one)?);
                    }
                }
            }
            _ => return Err(Wrong::argument("Invalid filter: a group must be an array").into()),
        }
        match any {
            // One member that asks for nothing lets everything pass.
            true if parts.is_empty() || parts.contains(&Filter::Any) => Ok(Filter::Any),
            true => Ok(Filter::One(parts)),
            false => Ok(parts.into_iter().fold(Filter::Any, Filter::and)),
        }
    }

    fn condition(&self, key: &str, node: &Node) -> Result<Filter, Stop> {
        let (asked, written) = split(key);
        let Some(name) = self.spelling.find(written) else {
            return match self.unknown {
                Unknown::Ignored => Ok(Filter::Any),
                Unknown::Refused => Err(not_allowed(written, "filter").into()),
            };
        };
        // A name that stands for another field is asked for as that field.
        let name = match name.source {
            Source::Derived(Derived::Same(code)) => self.spelling.name_of(code).unwrap_or(name),
            _ => name,
        };
        match (asked, name.source) {
            (Asked::Plain(op), Source::Derived(derived)) => Ok(self.derived(derived, op, node)),
            (Asked::Between, Source::Derived(_)) => Ok(Filter::Any),
            (Asked::Plain(op), Source::Field(field)) => self.compared(name, field, op, node),
            (Asked::Between, Source::Field(field)) => match node.values()[..] {
                [from, to] => Ok(self.compared(name, field, Op::Ge, from)?.and(self.compared(name, field, Op::Le, to)?)),
                _ => Err(Wrong::argument(format!("Invalid filter: '{key}' needs two values")).into()),
            },
        }
    }

    fn compared(&self, name: &Name<'_>, field: &Field, op: Op, node: &Node) -> Result<Filter, Stop> {
        let list = node.values();
        let blank = list.iter().all(|one| one.is_blank() || (**one == Node::Bool(false) && field.kind != FieldKind::Flag));
        if blank {
            return Ok(match op {
                // An empty list of wanted values is wanted by nobody; "" and null mean "is empty".
                Op::In if matches!(node, Node::List(_) | Node::Map(_)) => nothing(),
                Op::Eq | Op::In => Filter::is(&field.code, Op::Empty, Value::Null),
                Op::Ne | Op::NotIn if !matches!(node, Node::List(_) | Node::Map(_)) => Filter::is(&field.code, Op::Filled, Value::Null),
                // `>ID=''` comes from a missing place of a batch: no condition (§1.7).
                _ => Filter::Any,
            });
        }
        match &field.kind {
            FieldKind::Stage | FieldKind::Pipeline => Ok(self.course(field, op, &list)),
            FieldKind::Flag => Ok(flag(field, op, &list)),
            FieldKind::Moment if !matches!(op, Op::In | Op::NotIn) && list.len() == 1 => self.time(name, field, op, list[0]),
            _ => self.plain(name, field, op, &list),
        }
    }

    fn plain(&self, name: &Name<'_>, field: &Field, op: Op, list: &[&Node]) -> Result<Filter, Stop> {
        let textual = matches!(field.kind, FieldKind::Text | FieldKind::LongText | FieldKind::Pattern) || field.is_points();
        match op {
            Op::Contains | Op::NotContains | Op::Like | Op::NotLike if !textual => self.meaningless(name),
            Op::Contains | Op::NotContains | Op::Like | Op::NotLike => {
                let parts = list.iter().filter_map(|one| one.scalar()).map(|text| Filter::is(&field.code, op, Value::Text(text)));
                Ok(joined(parts.collect(), matches!(op, Op::Contains | Op::Like)))
            }
            Op::Gt | Op::Ge | Op::Lt | Op::Le if field.is_points() || field.multiple => self.meaningless(name),
            Op::Gt | Op::Ge | Op::Lt | Op::Le => Ok(Filter::is(&field.code, op, self.value(field, list.first().unwrap_or(&&Node::Null))?)),
            Op::Eq | Op::In | Op::Ne | Op::NotIn => {
                let mut values: Vec<Value> = list.iter().map(|one| self.value(field, one)).collect::<Result<_, _>>()?;
                let negative = matches!(op, Op::Ne | Op::NotIn);
                Ok(match values.len() {
                    1 => Filter::is(&field.code, if negative { Op::Ne } else { Op::Eq }, values.remove(0)),
                    _ => Filter::is(&field.code, if negative { Op::NotIn } else { Op::In }, Value::Many(values)),
                })
            }
            Op::Empty | Op::Filled => Ok(Filter::is(&field.code, op, Value::Null)),
        }
    }

    fn value(&self, field: &Field, node: &Node) -> Result<Value, Stop> {
        if field.is_points() {
            return Ok(node.scalar().map_or(Value::Null, Value::Text));
        }
        Ok(single(field, node, self.zone)?)
    }

    /// A comparison that makes no sense for this kind of field (§1.6: LIKE does not work on references).
    fn meaningless(&self, name: &Name<'_>) -> Result<Filter, Stop> {
        match self.unknown {
            Unknown::Ignored => Ok(Filter::Any),
            Unknown::Refused => Err(not_allowed(&name.camel, "filter").into()),
        }
    }

    /// Times are shown to the second and kept to the microsecond: a client that asks for what is later than the last time
    /// he saw must not get the same record again.
    fn time(&self, name: &Name<'_>, field: &Field, op: Op, node: &Node) -> Result<Filter, Stop> {
        let text = node.scalar().unwrap_or_default();
        let at = moment(&text, self.zone).ok_or_else(|| Wrong::argument(format!("Invalid filter: '{text}' is not a date and time")))?;
        let is = |op: Op, at: Moment| Filter::is(&field.code, op, Value::moment(at));
        let after = at.plus(Duration::from_secs(if at.0 % 1_000_000 == 0 { 1 } else { 0 }));
        Ok(match op {
            _ if after == at => is(op, at),
            Op::Gt => is(Op::Ge, after),
            Op::Le => is(Op::Lt, after),
            Op::Eq => is(Op::Ge, at).and(is(Op::Lt, after)),
            Op::Ne => Filter::One(vec![is(Op::Lt, at), is(Op::Ge, after), Filter::is(&field.code, Op::Empty, Value::Null)]),
            Op::Ge | Op::Lt => is(op, at),
            Op::In | Op::NotIn | Op::Contains | Op::NotContains | Op::Like | Op::NotLike | Op::Empty | Op::Filled => self.meaningless(name)?,
        })
    }

    /// Stages by their codes, pipelines by their numbers; unknown ones fit nothing.
    fn course(&self, field: &Field, op: Op, list: &[&Node]) -> Filter {
        let ids: Vec<Value> = list
            .iter()
            .filter_map(|one| one.scalar())
            .filter_map(|text| match field.kind {
                FieldKind::Pipeline => self.spelling.pipeline(text.trim().parse().ok()?).map(|pipeline| pipeline.id.0),
                _ => self.spelling.pipelines().into_iter().find_map(|pipeline| stage_within(pipeline, &text, false)).map(|stage| stage.0),
            })
            .map(Value::Int)
            .collect();
        match op {
            Op::Eq | Op::In => within(&field.code, ids, false),
            Op::Ne | Op::NotIn => within(&field.code, ids, true),
            _ => Filter::Any,
        }
    }

    fn derived(&self, derived: Derived, op: Op, node: &Node) -> Filter {
        let wanted: Vec<String> = node.values().into_iter().filter_map(Node::scalar).filter(|text| !text.is_empty()).collect();
        let negative = match op {
            Op::Eq | Op::In => false,
            Op::Ne | Op::NotIn => true,
            _ => return Filter::Any,
        };
        if wanted.is_empty() && !matches!(derived, Derived::Nothing | Derived::Contacts) {
            return Filter::Any;
        }
        let yes = |flag: bool| wanted.iter().any(|text| Node::text(text).is_yes() == flag);
        let stages = |fits: &dyn Fn(&crm::Pipeline, &crm::Stage) -> bool| {
            let ids: Vec<Value> = self.spelling.stages_where(fits).into_iter().map(|StageId(id)| Value::Int(id)).collect();
            within(code::STAGE, ids, negative)
        };
        match derived {
            Derived::Semantic => stages(&|_, stage| wanted.iter().any(|text| text == semantic(stage))),
            Derived::Closed => stages(&|_, stage| yes(stage.outcome != Ending::Open)),
            Derived::New => stages(&|pipeline, stage| yes(pipeline.position(stage.id) == Some(0))),
            Derived::Has(field) => Filter::is(field, if yes(true) != negative { Op::Filled } else { Op::Empty }, Value::Null),
            Derived::Contacts if wanted.is_empty() => Filter::is(code::CONTACT, if negative { Op::Filled } else { Op::Empty }, Value::Null),
            Derived::Contacts => {
                let ids = wanted.iter().filter_map(|text| text.parse().ok()).map(Value::Int).collect();
                within(code::CONTACT, ids, negative)
            }
            Derived::Always(text) => keep(wanted.iter().any(|one| one == text) != negative),
            // Nobody has such an answer: asking for "none" finds all.
            Derived::Same(_) => Filter::Any,
            Derived::Nothing => keep(wanted.iter().all(|text| text == "0") != negative),
        }
    }

    /// The order of a list; the number decides last.
    ///
    /// # Errors
    /// New methods refuse names that do not exist.
    pub fn order(&self, node: Option<&Node>) -> Result<Vec<Order>, Stop> {
        let mut list: Vec<Order> = Vec::new();
        let empty = Map::new();
        let map = if let Some(Node::Map(map)) = node { map } else { &empty };
        for (written, direction) in map.iter().take(10) {
            let Some(name) = self.spelling.find(written) else {
                match self.unknown {
                    Unknown::Ignored => continue,
                    Unknown::Refused => return Err(not_allowed(written, "order").into()),
                }
            };
            let sortable = name.field().filter(|field| !field.is_points() && !field.multiple && !matches!(field.kind, FieldKind::Record { .. }));
            if let Some(field) = sortable.filter(|field| !list.iter().any(|order| order.field == field.code)) {
                let descending = direction.scalar().is_some_and(|text| text.trim().to_lowercase().starts_with("desc"));
                list.push(Order { field: field.code.clone(), descending });
            }
        }
        if list.is_empty() {
            list.push(Order { field: code::ID.to_owned(), descending: false });
        }
        Ok(list)
    }
}

/// The names that a list shows. Nothing chosen means all; multi-fields have to be named, or to stand behind the universal
/// star. Unknown names choose nothing.
pub fn select<'s, 'a>(spelling: &'s Spelling<'a>, node: Option<&Node>, style: answers::Style) -> Vec<&'s Name<'a>> {
    let written: Vec<String> = node.map(Node::values).unwrap_or_default().into_iter().filter_map(Node::scalar).filter(|text| !text.is_empty()).collect();
    let lists = style == answers::Style::Universal && written.iter().any(|text| text == "*");
    if written.is_empty() {
        return spelling.names.iter().filter(|name| !name.is_multifield() || lists).collect();
    }
    let mut chosen: Vec<&Name<'a>> = Vec::new();
    for text in &written {
        let added: Vec<&Name<'a>> = match text.as_str() {
            "*" => spelling.names.iter().filter(|name| (style == answers::Style::Universal || !name.custom) && (!name.is_multifield() || lists)).collect(),
            "UF_*" | "uf_*" | "uf*" => spelling.names.iter().filter(|name| name.custom).collect(),
            "fm" if style == answers::Style::Universal => spelling.names.iter().filter(|name| name.is_multifield()).collect(),
            one => spelling.find(one).into_iter().collect(),
        };
        for name in added {
            if !chosen.iter().any(|known| known.upper == name.upper) {
                chosen.push(name);
            }
        }
    }
    chosen
}

fn split(key: &str) -> (Asked, &str) {
    let found = PREFIXES.iter().find_map(|(prefix, asked)| key.strip_prefix(prefix).map(|name| (*asked, name)));
    found.unwrap_or((Asked::Plain(Op::Eq), key))
}

fn not_allowed(written: &str, place: &str) -> Wrong {
    let written: String = written.chars().take(60).collect();
    Wrong::argument(format!("Invalid {place}: field '{written}' is not allowed in {place}"))
}

/// Fits no item at all.
fn nothing() -> Filter {
    Filter::is(code::ID, Op::Eq, Value::Int(-1))
}

fn keep(all: bool) -> Filter {
    if all { Filter::Any } else { nothing() }
}

fn within(field: &str, mut ids: Vec<Value>, negative: bool) -> Filter {
    match (ids.len(), negative) {
        (0, false) => nothing(),
        (0, true) => Filter::Any,
        (1, _) => Filter::is(field, if negative { Op::Ne } else { Op::Eq }, ids.remove(0)),
        (_, _) => Filter::is(field, if negative { Op::NotIn } else { Op::In }, Value::Many(ids)),
    }
}

/// Yes is an answer; no is also what was never answered.
fn flag(field: &Field, op: Op, list: &[&Node]) -> Filter {
    let wanted = list.iter().any(|one| one.is_yes()) != matches!(op, Op::Ne | Op::NotIn);
    match wanted {
        true => Filter::is(&field.code, Op::Eq, Value::Flag(true)),
        false => Filter::One(vec![Filter::is(&field.code, Op::Eq, Value::Flag(false)), Filter::is(&field.code, Op::Empty, Value::Null)]),
    }
}

fn joined(mut parts: Vec<Filter>, any: bool) -> Filter {
    match (parts.len(), any) {
        (1, _) => parts.remove(0),
        (_, true) => Filter::One(parts),
        (_, false) => Filter::All(parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crm::{EntityType, Rights, Schema, kind};

    fn schema() -> Schema {
        let deal = EntityType {
            id: kind::DEAL,
            code: "deal".into(),
            title: crm::Label::same("Deal"),
            plural: crm::Label::same("Deals"),
            staged: true,
            listed: true,
            searched: true,
            icon: String::new(),
            fields: vec![
                Field::new("amount", "Сумма", "Amount", FieldKind::Money),
                Field::new("contact", "Клиент", "Client", FieldKind::Link { to: kind::CONTACT }),
                Field::new("secret_note", "Тайна", "Secret", FieldKind::Text),
            ],
            ..EntityType::default()
        };
        let stage = |id, code: &str, outcome| crm::Stage {
            id: StageId(id),
            code: code.into(),
            title: crm::Label::same(code),
            color: String::new(),
            outcome,
            ..crm::Stage::default()
        };
        let pipeline = |id, is_default, first| crm::Pipeline {
            id: crm::PipelineId(id),
            kind: kind::DEAL,
            code: format!("p{id}"),
            title: crm::Label::same("P"),
            is_default,
            stages: vec![stage(first, "NEW", Ending::Open), stage(first + 1, "WON", Ending::Won), stage(first + 2, "LOSE", Ending::Lost)],
        };
        Schema {
            version: 1,
            types: [(kind::DEAL, deal.complete())].into(),
            pipelines: [(crm::PipelineId(1), pipeline(1, true, 10)), (crm::PipelineId(7), pipeline(7, false, 20))].into(),
        }
    }

    fn read(json: &str, unknown: Unknown) -> Result<Filter, Stop> {
        let schema = schema();
        let rights = Rights { hidden: [(kind::DEAL, "secret_note".to_owned())].into(), ..Rights::default() };
        let spelling = Spelling::of(&schema, &rights, kind::DEAL).unwrap();
        let zone = TimeZone::get("Europe/Moscow").unwrap();
        Reader { spelling: &spelling, zone: &zone, unknown }.filter(Some(&serde_json::from_str(json).unwrap()))
    }

    fn classic(json: &str) -> Filter {
        read(json, Unknown::Ignored).unwrap()
    }

    #[test]
    fn every_prefix_has_its_meaning() {
        let title = |op, text: &str| Filter::is("title", op, Value::text(text));
        for (key, op) in [
            ("TITLE", Op::Eq),
            ("=TITLE", Op::Eq),
            ("!TITLE", Op::Ne),
            ("!=TITLE", Op::Ne),
            ("%TITLE", Op::Contains),
            ("!%TITLE", Op::NotContains),
            ("=%TITLE", Op::Like),
            ("%=TITLE", Op::Like),
            ("!=%TITLE", Op::NotLike),
            ("!%=TITLE", Op::NotLike),
            (">TITLE", Op::Gt),
            (">=TITLE", Op::Ge),
            ("<TITLE", Op::Lt),
            ("<=TITLE", Op::Le),
        ] {
            assert_eq!(classic(&format!(r#"{{"{key}":"x"}}"#)), title(op, "x"), "{key}");
        }
        let many = |op| Filter::is("id", op, Value::Many(vec![Value::Int(1), Value::Int(2)]));
        for (key, op) in [("ID", Op::In), ("@ID", Op::In), ("!ID", Op::NotIn), ("!@ID", Op::NotIn)] {
            assert_eq!(classic(&format!(r#"{{"{key}":["1",2]}}"#)), many(op), "{key}");
        }
        assert_eq!(classic(r#"{"><ID":[1,5]}"#), Filter::is("id", Op::Ge, Value::Int(1)).and(Filter::is("id", Op::Le, Value::Int(5))));
    }

    #[test]
    fn unknown_and_hidden_names_are_ignored_by_old_methods_and_refused_by_new_ones() {
        for json in [r#"{"FOO":1}"#, r#"{"<>STAGE_ID":"NEW"}"#, r#"{"UF_CRM_SECRET_NOTE":"x"}"#, r#"{"secret_note":"x"}"#] {
            assert_eq!(classic(json), Filter::Any, "{json}");
            let Err(Stop::Wrong(wrong)) = read(json, Unknown::Refused) else { panic!("{json} passed") };
            assert_eq!((wrong.status, &*wrong.code), (400, "INVALID_ARG_VALUE"), "{json}");
        }
    }

    #[test]
    fn stages_and_pipelines_are_named_as_the_dialect_names_them() {
        let stage = |op, id| Filter::is("stage", op, Value::Int(id));
        assert_eq!(classic(r#"{"STAGE_ID":"NEW"}"#), stage(Op::Eq, 10));
        assert_eq!(classic(r#"{"STAGE_ID":"C7:NEW"}"#), stage(Op::Eq, 20));
        assert_eq!(classic(r#"{"!STAGE_ID":"C7:NEW"}"#), stage(Op::Ne, 20));
        assert_eq!(classic(r#"{"STAGE_ID":"C1:NEW"}"#), nothing());
        assert_eq!(classic(r#"{"CATEGORY_ID":0}"#), Filter::is("pipeline", Op::Eq, Value::Int(1)));
        assert_eq!(classic(r#"{"CATEGORY_ID":"7"}"#), Filter::is("pipeline", Op::Eq, Value::Int(7)));
        assert_eq!(classic(r#"{"STAGE_SEMANTIC_ID":"S"}"#), Filter::is("stage", Op::In, Value::Many(vec![Value::Int(11), Value::Int(21)])));
        let open = Filter::is("stage", Op::In, Value::Many(vec![Value::Int(10), Value::Int(20)]));
        assert_eq!(classic(r#"{"CLOSED":"N"}"#), open);
    }

    #[test]
    fn a_missing_place_of_a_batch_is_no_condition() {
        assert_eq!(classic(r#"{">ID":""}"#), Filter::Any);
        assert_eq!(classic(r#"{"CONTACT_ID":""}"#), Filter::is("contact", Op::Empty, Value::Null));
        assert_eq!(classic(r#"{"!CONTACT_ID":null}"#), Filter::is("contact", Op::Filled, Value::Null));
        assert_eq!(classic(r#"{"@ID":[]}"#), nothing());
    }

    #[test]
    fn groups_join_with_or() {
        let filter = read(r#"{"logic":"OR","0":{"=stageId":"NEW"},"1":{">opportunity":"100","<opportunity":200.5}}"#, Unknown::Refused).unwrap();
        let amount = |op, minor| Filter::is("amount", op, Value::money(minor));
        assert_eq!(filter, Filter::One(vec![Filter::is("stage", Op::Eq, Value::Int(10)), Filter::All(vec![amount(Op::Gt, 10_000), amount(Op::Lt, 20_050)])]));
        let nested = read(r#"{"title":"x","0":[{"logic":"or","id":1,"title":"y"}]}"#, Unknown::Refused).unwrap();
        assert!(matches!(nested, Filter::All(list) if list.len() == 2));
        let mut deep = String::from(r#"{"id":1}"#);
        for _ in 0..40 {
            deep = format!(r#"{{"0":{deep}}}"#);
        }
        assert!(read(&deep, Unknown::Refused).is_err());
    }

    #[test]
    fn a_client_that_asks_for_later_does_not_get_the_same_second_again() {
        let at = moment("2026-09-21T12:00:01+03:00", &TimeZone::UTC).unwrap();
        assert_eq!(classic(r#"{">DATE_MODIFY":"2026-09-21T12:00:00+03:00"}"#), Filter::is("updated_at", Op::Ge, Value::moment(at)));
        assert!(read(r#"{">DATE_MODIFY":"yesterday"}"#, Unknown::Ignored).is_err());
        assert!(read(r#"{"ID":"abc"}"#, Unknown::Ignored).is_err());
    }
}
