//! One record, and the only ways in which it is made, changed and deleted.

use crate::answers::{self, Desk};
use crate::doors::{Read, Tx};
use crate::entity::{EntityType, Pipeline, Schema, Stage, code, kind};
use crate::event::{Cause, Change, Fact};
use crate::failure::{Outcome, Refusal};
use crate::ids::{EntityTypeId, FileId, ItemRef, PipelineId, Seq, StageId, UserId};
use crate::naming;
use crate::rights::{Action, Rights};
use crate::staff::StoredFile;
use crate::value::{Value, Values};
use std::sync::Arc;

/// One record.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its kind.
    pub kind: EntityTypeId,
    /// Its number inside the kind; 0 until it is saved.
    pub id: i64,
    /// Grows with every change; a change of a stale copy is tried again.
    pub version: i64,
    /// Its answers, those to the common fields included. No answer is no entry.
    pub values: Values,
}

impl Item {
    /// Which record it is.
    pub fn at(&self) -> ItemRef {
        ItemRef::new(self.kind, self.id)
    }

    /// Its name.
    pub fn title(&self) -> &str {
        self.values.text(code::TITLE)
    }

    /// Who answers for it.
    pub fn responsible(&self) -> UserId {
        UserId(self.values.int(code::RESPONSIBLE).unwrap_or(0))
    }

    /// Where it stands.
    pub fn stage(&self) -> Option<StageId> {
        self.values.int(code::STAGE).map(StageId)
    }

    /// Which way it goes.
    pub fn pipeline(&self) -> Option<PipelineId> {
        self.values.int(code::PIPELINE).map(PipelineId)
    }

    /// The contact concerned: itself, or its client; 0 when there is none.
    pub fn contact(&self) -> i64 {
        match self.kind == kind::CONTACT {
            true => self.id,
            false => self.values.int(code::CONTACT).unwrap_or(0),
        }
    }

    /// In whose timeline its events stand.
    pub fn about(&self) -> ItemRef {
        self.values.get(code::ABOUT).as_ref_to().unwrap_or_else(|| self.at())
    }
}

/// Loads an item for a change, or refuses.
///
/// # Errors
/// `not_found` when it does not exist or may not be seen, `access_denied` when it may not be changed so.
pub fn demand(tx: &dyn Read, rights: &Rights, action: Action, at: ItemRef) -> Outcome<Item> {
    let item = tx.item(&Rights::system(), at)?.ok_or_else(Refusal::not_found)?;
    rights.demand(action, &item)?;
    Ok(item)
}

/// Makes an item. Its pipeline and stage, if it has them, default to the first; its responsible to the maker.
///
/// # Errors
/// Refuses wrong or missing answers, naming every field, and whom the rights do not allow.
pub fn create(tx: &mut dyn Tx, rights: &Rights, cause: &Cause, kind: EntityTypeId, given: &Values) -> Outcome<Item> {
    create_with(tx, rights, cause, kind, given, Vec::new())
}

/// Makes an item together with further facts that its making makes true.
///
/// # Errors
/// As [`create`].
pub fn create_with(tx: &mut dyn Tx, rights: &Rights, cause: &Cause, kind: EntityTypeId, given: &Values, facts: Vec<Fact>) -> Outcome<Item> {
    let schema = tx.schema();
    let shape = schema.kind(kind).ok_or_else(|| Refusal::new("unknown_type", "Такого типа записей нет", "There is no such type of records"))?;
    let nothing = Values::new();
    let desk = Desk { read: tx.read(), rights, cause, shape, before: &nothing, at: ItemRef::new(kind, 0) };
    let mut values = desk.accept(given)?;
    for field in &shape.fields {
        if values.get(&field.code).is_empty() && !field.default.is_empty() {
            values.set(field.code.clone(), field.accept(&field.default)?);
        }
    }
    if values.get(code::RESPONSIBLE).is_empty() {
        let maker = if rights.user == UserId::SYSTEM { cause.by.user() } else { rights.user };
        values.set(code::RESPONSIBLE, Value::user(maker));
    }
    if shape.has(code::OFFICE) && values.get(code::OFFICE).is_empty() {
        let office = home_office(tx.read(), rights, UserId(values.int(code::RESPONSIBLE).unwrap_or(0)))?;
        if office != 0 {
            values.set(code::OFFICE, Value::Int(office));
        }
    }
    let mut first = vec![Fact::Created];
    if shape.staged {
        let (pipeline, stage) = starting_stage(&schema, kind, &values)?;
        crate::stage::stand_on(tx, cause, &mut values, pipeline, stage)?;
        first.push(Fact::Moved { from: None, to: stage.id, pipeline: pipeline.id });
    }
    values.set(code::CREATED_AT, Value::moment(cause.at));
    values.set(code::CREATED_BY, Value::user(cause.by.user()));
    values.set(code::UPDATED_AT, Value::moment(cause.at));
    values.set(code::UPDATED_BY, Value::user(cause.by.user()));
    let mut item = Item { kind, id: 0, version: 0, values };
    rights.demand(Action::Create, &item)?;
    naming::number(tx, cause, shape, &mut item)?;
    crate::formula::refresh(tx.read(), &mut item, None)?;
    let nameless = item.values.get(code::TITLE).is_empty();
    if nameless {
        item.values.set(code::TITLE, Value::text(naming::title(tx.read(), shape, &item)?));
    }
    match cause.quiet {
        true => crate::require::demand_always(tx.read(), shape, &item)?,
        false => crate::require::demand_new(tx.read(), shape, &item)?,
    }
    answers::demand_together(shape, &nothing, &item.values, cause)?;
    answers::demand_unique(tx, rights, shape, &nothing, &item)?;
    first.extend(facts);
    keep(tx, cause, &nothing, &mut item, first)?;
    if nameless && naming::needs_number(shape) {
        // The number is known only now; nobody has seen the record under another name yet.
        let title = Value::text(naming::title(tx.read(), shape, &item)?);
        tx.put_answer(item.at(), code::TITLE, &title)?;
        reload(tx.read(), &mut item)?;
    }
    crate::stage::go_on(tx, cause, &schema, item)
}

/// The office of a new record: that of whoever answers for it, or of whoever makes it.
fn home_office(read: &dyn Read, rights: &Rights, responsible: UserId) -> Outcome<i64> {
    let office = if responsible == rights.user { rights.office } else { crate::staff::office_of(read, responsible)? };
    Ok(if office == 0 { rights.office } else { office })
}

/// Saves an item whose answers changed from `before`, with the formulas that follow from them, and brings the formulas of
/// other records up to date. Whoever saves an item by hand goes through here, too.
///
/// # Errors
/// Only failures of the database.
pub fn keep(tx: &mut dyn Tx, cause: &Cause, before: &Values, item: &mut Item, mut facts: Vec<Fact>) -> Outcome<()> {
    let is_new = item.id == 0;
    if !is_new {
        let codes = changed(before, &item.values);
        let changes = crate::formula::refresh(tx.read(), item, Some(&codes))?;
        add_changes(&mut facts, changes);
    }
    tx.save(item, cause, facts)?;
    let change = crate::formula::Before { before: (!is_new).then_some(before), after: Some(&item.values) };
    if crate::formula::follow(tx, cause, item.at(), change)?.contains(&item.at()) {
        // A record above was worked out anew and this one with it.
        reload(tx.read(), item)?;
    }
    crate::products::follow(tx, cause, item.kind, (!is_new).then_some(before), Some(&item.values))?;
    crate::matching::note(tx, cause, before, item)
}

fn reload(read: &dyn Read, item: &mut Item) -> Outcome<()> {
    if let Some(saved) = read.item(&Rights::system(), item.at())? {
        *item = saved;
    }
    Ok(())
}

/// Codes of the answers that differ.
fn changed(before: &Values, after: &Values) -> std::collections::BTreeSet<String> {
    before.0.keys().chain(after.0.keys()).filter(|code| before.get(code) != after.get(code)).cloned().collect()
}

/// Puts changes that follow from others beside them.
fn add_changes(facts: &mut Vec<Fact>, more: Vec<Change>) {
    if more.is_empty() {
        return;
    }
    match facts.iter_mut().find_map(|fact| if let Fact::Changed { changes } = fact { Some(changes) } else { None }) {
        Some(changes) => changes.extend(more),
        None => facts.push(Fact::Changed { changes: more }),
    }
}

/// Changes answers of an item. Answers equal to the old ones are no change; no change leaves no event.
/// A change of `stage` is a move and goes through [`crate::stage::move_to`] after it, in the same transaction.
///
/// # Errors
/// Refuses wrong answers, fields the program keeps, and whom the rights do not allow.
pub fn change(tx: &mut dyn Tx, rights: &Rights, cause: &Cause, at: ItemRef, given: &Values) -> Outcome<Item> {
    let mut item = demand(tx.read(), rights, Action::Change, at)?;
    let schema = tx.schema();
    let shape = schema.kind(at.kind).ok_or_else(Refusal::not_found)?;
    let mut given = given.clone();
    let to = new_place(&schema, shape, &item, &mut given)?;
    if let Some(to) = to {
        crate::stage::demand_place(tx.read(), rights, &item, to)?;
    }
    let before = item.clone();
    let desk = Desk { read: tx.read(), rights, cause, shape, before: &before.values, at };
    let mut accepted = desk.accept(&given)?;
    move_office(tx.read(), shape, &item, &mut given, &mut accepted)?;
    let mut facts = apply(shape, &mut item, &given, accepted);
    if !facts.is_empty() {
        let codes = changed(&before.values, &item.values);
        let more = crate::formula::refresh(tx.read(), &mut item, Some(&codes))?;
        add_changes(&mut facts, more);
        rename(tx.read(), shape, &before, &mut item, &mut facts)?;
        crate::require::demand_kept(tx.read(), shape, &before, &item)?;
        answers::demand_together(shape, &before.values, &item.values, cause)?;
        answers::demand_unique(tx, rights, shape, &before.values, &item)?;
        // Whoever gives an item away must still be allowed to hold it at this moment; afterwards it may leave his sight.
        item.values.set(code::UPDATED_AT, Value::moment(cause.at));
        item.values.set(code::UPDATED_BY, Value::user(cause.by.user()));
        keep(tx, cause, &before.values, &mut item, facts)?;
    }
    match to {
        Some(to) => crate::stage::move_loaded(tx, cause, item, to),
        None => Ok(item),
    }
}

/// Takes the new stage out of what is given; a new pipeline without a stage is its first stage.
fn new_place(schema: &Schema, shape: &EntityType, item: &Item, given: &mut Values) -> Outcome<Option<StageId>> {
    if !shape.staged {
        return Ok(None);
    }
    let number = |code: &str, value: Option<Value>| -> Outcome<Option<i64>> {
        let Some(value) = value else { return Ok(None) };
        let field = shape.field(code).ok_or_else(|| crate::query::unknown_field(code))?;
        Ok(field.accept(&value)?.as_int())
    };
    let unknown = || Refusal::new("unknown_stage", "Такой стадии нет", "There is no such stage");
    let pipeline = number(code::PIPELINE, given.0.remove(code::PIPELINE))?.map(PipelineId).filter(|new| Some(*new) != item.pipeline());
    match given.0.remove(code::STAGE) {
        Some(stage) => Ok(Some(StageId(number(code::STAGE, Some(stage))?.ok_or_else(unknown)?))),
        None => pipeline
            .map(|pipeline| {
                let known = schema.pipelines.get(&pipeline).filter(|known| known.kind == item.kind);
                Ok(known.and_then(|known| known.stages.first()).ok_or_else(unknown)?.id)
            })
            .transpose(),
    }
}

/// A record goes into the office of whoever answers for it from now on, unless somebody says otherwise.
fn move_office(read: &dyn Read, shape: &EntityType, item: &Item, given: &mut Values, accepted: &mut Values) -> Outcome<()> {
    let Some(responsible) = accepted.int(code::RESPONSIBLE).map(UserId).filter(|new| *new != item.responsible()) else { return Ok(()) };
    if !shape.has(code::OFFICE) || given.0.contains_key(code::OFFICE) {
        return Ok(());
    }
    let office = crate::staff::office_of(read, responsible)?;
    if office != 0 && item.values.int(code::OFFICE) != Some(office) {
        given.set(code::OFFICE, Value::Int(office));
        accepted.set(code::OFFICE, Value::Int(office));
    }
    Ok(())
}

/// Puts answers into an item and tells what changed: the facts `Changed` and, for a new responsible, `Assigned`.
fn apply(shape: &EntityType, item: &mut Item, given: &Values, mut accepted: Values) -> Vec<Fact> {
    let mut changes = Vec::new();
    for field in &shape.fields {
        if !given.0.contains_key(&field.code) {
            continue;
        }
        let new = accepted.0.remove(&field.code).unwrap_or_default();
        let old = item.values.get(&field.code).clone();
        let same = match (&old, &new) {
            (Value::Points(old), Value::Points(new)) => {
                old.list.len() == new.list.len() && old.list.iter().zip(&new.list).all(|(old, new)| old.raw == new.raw && old.label == new.label)
            }
            (old, new) => old == new || (old.is_empty() && new.is_empty()),
        };
        if same {
            continue;
        }
        match new.is_empty() {
            true => {
                item.values.0.remove(&field.code);
            }
            false => item.values.set(field.code.clone(), new.clone()),
        }
        changes.push(Change { field: field.code.clone(), old, new });
    }
    if changes.is_empty() {
        return Vec::new();
    }
    let assigned = changes
        .iter()
        .find(|change| change.field == code::RESPONSIBLE)
        .map(|change| Fact::Assigned { from: UserId(change.old.as_int().unwrap_or(0)), to: UserId(change.new.as_int().unwrap_or(0)) });
    let mut facts = vec![Fact::Changed { changes }];
    facts.extend(assigned);
    facts
}

/// A record that is called by its answers (a client by his name) is called anew when they change, unless somebody gave it
/// another title by hand.
fn rename(read: &dyn Read, shape: &EntityType, before: &Item, item: &mut Item, facts: &mut [Fact]) -> Outcome<()> {
    if item.title() != before.title() || before.title() != naming::title(read, shape, before)? {
        return Ok(());
    }
    let title = naming::title(read, shape, item)?;
    if item.title() == title {
        return Ok(());
    }
    let old = std::mem::replace(item.values.0.entry(code::TITLE.to_owned()).or_default(), Value::text(&title));
    if let Some(Fact::Changed { changes }) = facts.first_mut() {
        changes.push(Change { field: code::TITLE.to_owned(), old, new: Value::text(title) });
    }
    Ok(())
}

/// Deletes an item; its last answers stay in the log.
///
/// # Errors
/// Refuses whom the rights do not allow.
pub fn delete(tx: &mut dyn Tx, rights: &Rights, cause: &Cause, at: ItemRef) -> Outcome<()> {
    let item = demand(tx.read(), rights, Action::Delete, at)?;
    // A record that was joined is found under the one that kept its things: deleting it must not delete that one.
    if item.at() != at {
        return Err(Refusal::not_found().into());
    }
    discard(tx, cause, &item)
}

/// Removes an item that somebody may remove; records above it are counted without it.
///
/// # Errors
/// Only failures of the database.
pub fn discard(tx: &mut dyn Tx, cause: &Cause, item: &Item) -> Outcome<()> {
    tx.remove(item, cause)?;
    crate::formula::follow(tx, cause, item.at(), crate::formula::Before { before: Some(&item.values), after: None })?;
    crate::products::follow(tx, cause, item.kind, Some(&item.values), None)
}

/// Takes an item out of the recycle bin.
///
/// # Errors
/// `not_found` when it does not lie there, and whom the rights do not allow.
pub fn restore(tx: &mut dyn Tx, rights: &Rights, cause: &Cause, at: ItemRef) -> Outcome<Item> {
    let mut item = tx.binned_one(&Rights::system(), at)?.ok_or_else(Refusal::not_found)?.item;
    rights.demand(Action::Delete, &item)?;
    bring_back(tx, cause, &mut item)?;
    Ok(item)
}

/// Puts an item of the recycle bin back that somebody may put back; records above it are counted with it again.
///
/// # Errors
/// `not_found` when it does not lie there.
pub fn bring_back(tx: &mut dyn Tx, cause: &Cause, item: &mut Item) -> Outcome<()> {
    tx.restore(item, cause, vec![Fact::Restored])?;
    // While it lay there, what it adds up may have changed.
    let changes = crate::formula::refresh(tx.read(), item, None)?;
    if !changes.is_empty() {
        tx.save(item, cause, vec![Fact::Changed { changes }])?;
    }
    crate::formula::follow(tx, cause, item.at(), crate::formula::Before { before: None, after: Some(&item.values) })?;
    crate::products::follow(tx, cause, item.kind, None, Some(&item.values))?;
    reload(tx.read(), item)
}

/// Hangs a stored file on an item; the number it was given.
///
/// # Errors
/// Whom the rights do not allow.
pub fn add_file(tx: &mut dyn Tx, rights: &Rights, cause: &Cause, at: ItemRef, file: &StoredFile) -> Outcome<StoredFile> {
    let item = demand(tx, rights, Action::Change, at)?;
    let mut file = StoredFile { item: at, by: cause.by.user(), at: cause.at, ..file.clone() };
    tx.put_file(&mut file)?;
    tx.record(&item, cause, Fact::FileAdded { file: file.id, name: file.name.clone() })?;
    Ok(file)
}

/// Takes a file off an item; its bytes stay.
///
/// # Errors
/// `not_found` when it does not hang there, and whom the rights do not allow.
pub fn remove_file(tx: &mut dyn Tx, rights: &Rights, cause: &Cause, at: ItemRef, file: FileId) -> Outcome<Item> {
    let item = demand(tx, rights, Action::Change, at)?;
    let mut file = tx.file(file)?.filter(|file| file.item == at).ok_or_else(Refusal::not_found)?;
    file.item = ItemRef::default();
    tx.put_file(&mut file)?;
    tx.record(&item, cause, Fact::FileRemoved { file: file.id, name: file.name })?;
    Ok(item)
}

/// Pins a line of an item's timeline on top, or lets it go.
///
/// # Errors
/// `not_found` for a line of another card, and whom the rights do not allow.
pub fn pin(tx: &mut dyn Tx, rights: &Rights, cause: &Cause, at: ItemRef, event: Seq, on: bool) -> Outcome<Item> {
    let item = demand(tx, rights, Action::Change, at)?;
    let line = tx.event(event)?.ok_or_else(Refusal::not_found)?;
    if line.about != at && line.item != at && (at.kind != kind::CONTACT || line.contact != at.id) {
        return Err(Refusal::not_found().into());
    }
    tx.record(&item, cause, Fact::Pinned { event, on })?;
    Ok(item)
}

/// Writes a comment into the timeline of an item.
///
/// # Errors
/// Refuses empty and overlong texts, and whom the rights do not allow.
pub fn comment(tx: &mut dyn Tx, rights: &Rights, cause: &Cause, at: ItemRef, text: &str) -> Outcome<()> {
    let item = demand(tx, rights, Action::Change, at)?;
    let text = text.trim();
    if text.is_empty() {
        return Err(Refusal::new("empty_comment", "Напишите текст комментария", "Write the text of the comment").into());
    }
    if text.len() > 64 * 1024 || text.contains('\0') {
        return Err(Refusal::new("long_comment", "Комментарий слишком длинный: не больше 64 КБ", "The comment is too long: at most 64 KB").into());
    }
    tx.record(&item, cause, Fact::Commented { text: text.to_owned() })
}

fn starting_stage<'a>(schema: &'a Schema, kind: EntityTypeId, values: &Values) -> Outcome<(&'a Pipeline, &'a Stage)> {
    let unknown = || Refusal::new("unknown_stage", "Такой стадии нет", "There is no such stage");
    if let Some(stage) = values.int(code::STAGE) {
        let (pipeline, stage) = schema.stage(StageId(stage)).filter(|(pipeline, _)| pipeline.kind == kind).ok_or_else(unknown)?;
        let wanted = values.int(code::PIPELINE).map(PipelineId);
        return match wanted.is_none_or(|wanted| wanted == pipeline.id) {
            true => Ok((pipeline, stage)),
            false => Err(unknown().into()),
        };
    }
    let pipeline = match values.int(code::PIPELINE) {
        Some(id) => schema.pipelines.get(&PipelineId(id)).filter(|pipeline| pipeline.kind == kind),
        None => schema.default_pipeline(kind),
    };
    let pipeline = pipeline.ok_or_else(|| Refusal::new("unknown_pipeline", "Такой воронки нет", "There is no such pipeline"))?;
    let stage = pipeline.stages.first().ok_or_else(unknown)?;
    Ok((pipeline, stage))
}

/// The shape of the item's kind.
///
/// # Errors
/// `unknown_type` when the type was removed.
pub fn shape_of(schema: &Arc<Schema>, kind: EntityTypeId) -> Outcome<EntityType> {
    schema.kind(kind).cloned().ok_or_else(|| Refusal::new("unknown_type", "Такого типа записей нет", "There is no such type of records").into())
}
