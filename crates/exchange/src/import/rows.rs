//! What a row of a file means: a new record, a change of a known one, nothing, or a mistake. The same for the preview and
//! for the import itself.

use super::mapping::Target;
use super::words::{Found, Words};
use super::{ImportPlan, Known};
use crate::operations::Note;
use crm::{EntityType, Field, FieldKind, Filter, Item, ItemRef, Label, Op, Outcome, Query, Read, Refusal, Rights, Value, Values, code};

/// A key that no index leads to may be searched in at most so many records: every row would look at all of them.
pub(crate) const MOST_UNINDEXED: u64 = 20_000;

/// What a row means.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Meaning {
    /// A new record, and the trail of the old system that it is to get.
    Make(Values, Values),
    /// New answers for a known record.
    Change(ItemRef, Values),
    /// A known record that is left as it is.
    Skip,
    /// It cannot be understood.
    Wrong(Label),
}

/// Reads rows of one file.
pub(crate) struct Reading<'a> {
    pub shape: &'a EntityType,
    pub plan: &'a ImportPlan,
    pub words: Words<'a>,
    pub found: &'a Found,
    /// Field and way of looking up of each column; columns that are left out have none.
    fields: Vec<Option<(&'a Field, &'a Target)>>,
}

impl<'a> Reading<'a> {
    /// Whether every field of the plan is still there and may be written.
    pub fn new(shape: &'a EntityType, plan: &'a ImportPlan, words: Words<'a>, found: &'a Found) -> Outcome<Reading<'a>> {
        let mut fields = Vec::with_capacity(plan.columns.len());
        for target in &plan.columns {
            let field = match target.field.as_str() {
                "" => None,
                code => {
                    let field = shape.field(code).filter(|field| super::is_offered(shape, words.rights, field));
                    Some(field.ok_or_else(|| crm::query::unknown_field(code))?)
                }
            };
            fields.push(field.map(|field| (field, target)));
        }
        if let Some(key) = plan.key.iter().find(|key| !plan.columns.iter().any(|target| target.field == **key)) {
            let title = shape.field(key).map_or_else(|| Label::same(key.clone()), |field| field.title.clone());
            return Err(Refusal::new(
                "key_without_column",
                format!("Ключ «{}» не сопоставлен ни с одним столбцом", title.ru),
                format!("No column is mapped to the key {}", title.en),
            )
            .into());
        }
        Ok(Reading { shape, plan, words, found, fields })
    }

    /// Refuses a key for which every row would look at every record.
    pub fn demand_quick_key(&self) -> Outcome<()> {
        let quick = |code: &String| self.shape.field(code).is_some_and(|field| field.indexed || field.is_points() || field.unique || field.code == code::ID);
        if self.plan.key.is_empty() || self.plan.key.iter().any(quick) {
            return Ok(());
        }
        let count = self.words.read.count(&Rights::system(), &Query::of(self.shape.id), MOST_UNINDEXED)?;
        match count.more {
            false => Ok(()),
            true => Err(Refusal::new(
                "slow_key",
                "По этому ключу записи искать слишком долго: добавьте в ключ телефон, почту или поле с индексом",
                "Records would be looked for too long by this key: add a phone, an e-mail or an indexed field to it",
            )
            .into()),
        }
    }

    /// What this row means.
    pub fn meaning(&self, row: &[String]) -> Outcome<Meaning> {
        let (values, trail) = match self.answers(row) {
            Ok(read) => read,
            Err(reason) => return Ok(Meaning::Wrong(reason)),
        };
        let filled = values.0.values().any(|value| !value.is_empty());
        let known = match self.known(&values) {
            Ok(known) => known,
            Err(crm::Fault::Refused(refusal)) => return Ok(Meaning::Wrong(refusal.text)),
            Err(fault) => return Err(fault),
        };
        let mut values = values;
        let by_number = values.0.remove(code::ID).is_some_and(|value| !value.is_empty());
        Ok(match (known.as_slice(), self.plan.known) {
            _ if !filled => {
                Meaning::Wrong(Label::new("в строке нет ни одного значения для сопоставленных полей", "the row has no answer for the mapped fields"))
            }
            (_, Known::Double) => self.new_one(values, trail),
            ([], Known::UpdateOnly) => Meaning::Skip,
            ([], _) if by_number && self.plan.key.iter().any(|key| key == code::ID) => Meaning::Wrong(Refusal::not_found().text),
            ([], _) => self.new_one(values, trail),
            ([_, ..], Known::Skip) => Meaning::Skip,
            ([one], Known::Update | Known::UpdateOnly) => Meaning::Change(one.at(), self.for_known(one, values)),
            ([first, second, ..], _) => Meaning::Wrong(Label::new(
                format!("по ключу нашлось несколько записей: № {} и № {}", first.id, second.id),
                format!("several records fit the key: No. {} and No. {}", first.id, second.id),
            )),
        })
    }

    fn new_one(&self, values: Values, trail: Values) -> Meaning {
        let mut values = values;
        values.0.retain(|_, value| !value.is_empty());
        Meaning::Make(values, trail)
    }

    /// An empty cell leaves the answer as it is; phones are added to those that are known.
    fn for_known(&self, item: &Item, mut values: Values) -> Values {
        if !self.plan.clear {
            values.0.retain(|_, value| !value.is_empty());
        }
        for (field, value) in &mut values.0 {
            let known = item.values.points(field);
            if known.is_empty() || value.is_empty() {
                continue;
            }
            let Some(shape) = self.shape.field(field) else { continue };
            let mut all: Vec<crm::Point> = known.to_vec();
            if let Ok(Value::Points(new)) = shape.accept(value) {
                all.extend(new.list.into_iter().filter(|one| !known.iter().any(|old| old.normal == one.normal)));
            }
            *value = Value::points(all);
        }
        values
    }

    /// The answers of a row, and those to the trail (when and by whom it was made).
    fn answers(&self, row: &[String]) -> Result<(Values, Values), Label> {
        let (mut values, mut trail) = (Values::new(), Values::new());
        let cell = |at: usize| row.get(at).map_or("", String::as_str);
        let mut stage: Option<(&Field, &str)> = None;
        for (at, column) in self.fields.iter().enumerate() {
            let Some((field, target)) = column else { continue };
            let text = cell(at);
            let answer = match field.kind {
                _ if text.trim().is_empty() => Value::Null,
                FieldKind::Pipeline => self.words.pipeline(field, self.shape.id, text)?,
                FieldKind::Stage => {
                    stage = Some((field, text));
                    continue;
                }
                _ => self.words.answer(self.found, field, &target.by, text)?,
            };
            match field.code.as_str() {
                code::CREATED_AT | code::CREATED_BY => {
                    if self.plan.keep_trail && !answer.is_empty() {
                        trail.set(field.code.clone(), self.accepted(field, &answer)?);
                    }
                }
                _ => put(&mut values, field, answer),
            }
        }
        if let Some((field, text)) = stage {
            let pipeline = values.int(code::PIPELINE);
            values.set(field.code.clone(), self.words.stage(field, self.shape.id, pipeline, text)?);
        }
        // Said here and not only when it is saved, so that the preview tells the same.
        for (code, value) in &values.0 {
            let field = self.shape.field(code).expect("answers are given to fields of the type");
            self.accepted(field, value)?;
        }
        Ok((values, trail))
    }

    fn accepted(&self, field: &Field, value: &Value) -> Result<Value, Label> {
        field.accept(value).map_err(|refusal| Note::reason(&refusal.into()))
    }

    /// Known records with this row's answers to the key; at most two.
    fn known(&self, values: &Values) -> Outcome<Vec<Item>> {
        if self.plan.key.is_empty() || self.plan.known == Known::Double {
            return Ok(Vec::new());
        }
        let mut conditions = Vec::with_capacity(self.plan.key.len());
        for key in &self.plan.key {
            let field = self.shape.field(key).ok_or_else(|| crm::query::unknown_field(key))?;
            let value = field.accept(values.get(key))?;
            if value.is_empty() {
                return Ok(Vec::new());
            }
            conditions.push(match &value {
                // One common phone is enough.
                Value::Points(points) => {
                    let one = |point: &crm::Point| Filter::is(key, Op::Eq, Value::text(&point.normal));
                    match points.list.as_slice() {
                        [only] => one(only),
                        several => Filter::One(several.iter().map(one).collect()),
                    }
                }
                _ => Filter::is(key, Op::Eq, value),
            });
        }
        let filter = if conditions.len() == 1 { conditions.remove(0) } else { Filter::All(conditions) };
        self.words.read.items(self.words.rights, &Query { filter, ..Query::of(self.shape.id).limit(2) })
    }
}

/// Two columns for one field: phones are put together, of the rest the first filled one counts.
fn put(values: &mut Values, field: &Field, answer: Value) {
    let before = values.get(&field.code).clone();
    let answer = match (field.is_points(), before.is_empty(), answer.is_empty()) {
        (_, true, _) => answer,
        (_, false, true) | (false, false, false) => before,
        (true, false, false) => Value::Many(before.as_list().iter().chain(answer.as_list()).cloned().collect()),
    };
    values.set(field.code.clone(), answer);
}

/// Refuses for the preview what the saving would refuse: a required answer that is missing, a person who may not.
pub(crate) fn would_be_refused(read: &dyn Read, rights: &Rights, shape: &EntityType, meaning: &Meaning) -> Outcome<Option<Label>> {
    match meaning {
        Meaning::Make(values, _) => {
            let missing = shape.fields.iter().find(|field| field.required && field.default.is_empty() && values.get(&field.code).is_empty());
            if let Some(field) = missing {
                return Ok(Some(Label::new(format!("заполните «{}»", field.title.ru), format!("{} is required", field.title.en))));
            }
            let mut values = values.clone();
            if values.get(code::RESPONSIBLE).is_empty() {
                values.set(code::RESPONSIBLE, Value::user(rights.user));
            }
            let item = Item { kind: shape.id, id: 0, version: 0, values };
            Ok(refusal(rights.demand(crm::Action::Create, &item)))
        }
        Meaning::Change(at, _) => match read.item(&Rights::system(), *at)? {
            Some(item) => Ok(refusal(rights.demand(crm::Action::Change, &item))),
            None => Ok(Some(Refusal::not_found().text)),
        },
        Meaning::Skip | Meaning::Wrong(_) => Ok(None),
    }
}

fn refusal(outcome: Outcome<()>) -> Option<Label> {
    outcome.err().map(|fault| Note::reason(&fault))
}
