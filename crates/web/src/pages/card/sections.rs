//! The boxes of a card with their fields: by the layout in force, or all in one box.

use crate::answers::Answers;
use crate::fields::{self, Shown};
use crate::{View, Viewer};
use crm::{EntityType, Field, FieldKind, Item, Layout, LayoutSection, Outcome, Read, Rights, code};
use std::collections::BTreeSet;

/// A box of the card.
pub(super) struct Section {
    pub code: String,
    pub title: String,
    pub folded: bool,
    pub fields: Vec<Shown>,
    /// How many of them stay hidden until somebody asks.
    pub hidden: usize,
    /// What no section of the layout names.
    pub rest: bool,
}

/// Who made and changed it, and when: kept by the program.
pub(super) fn is_trail(field: &str) -> bool {
    matches!(field, code::CREATED_AT | code::CREATED_BY | code::UPDATED_AT | code::UPDATED_BY | code::MOVED_AT | code::MOVED_BY | code::STAGE_DUE)
}

/// What stands among the fields of a card: title, stage and number have places of their own.
pub(super) fn is_on_card(field: &Field) -> bool {
    !matches!(field.code.as_str(), code::TITLE | code::STAGE | code::PIPELINE | code::ID) && !matches!(field.kind, FieldKind::Secret)
}

/// Whether people arrange this type's card.
pub(super) fn is_laid_out(shape: &EntityType) -> bool {
    shape.listed
}

/// The layout that counts for this person and this item.
pub(super) fn layout(read: &dyn Read, viewer: &Viewer, shape: &EntityType, item: &Item) -> Outcome<Option<Layout>> {
    let all = read.layouts(shape.id, viewer.user.id)?;
    let (pipeline, stage) = place(read, item);
    Ok(Layout::nearest(&all, viewer.user.id, &pipeline, &stage).cloned())
}

/// Codes of the pipeline and the stage on which an item stands.
pub(super) fn place(read: &dyn Read, item: &Item) -> (String, String) {
    let schema = read.schema();
    match item.stage().and_then(|stage| schema.stage(stage)) {
        Some((pipeline, stage)) => (pipeline.code.clone(), stage.code.clone()),
        None => (String::new(), String::new()),
    }
}

/// Journaled answers that a look at the card shows.
pub(super) fn journaled(shape: &EntityType, rights: &Rights, item: &Item) -> Vec<String> {
    let seen = fields::visible(shape, rights).into_iter().filter(|field| field.journaled && !field.masked && !item.values.get(&field.code).is_empty());
    seen.map(|field| field.code.clone()).collect()
}

/// The sections of an item's card.
pub(super) fn of(
    read: &dyn Read,
    viewer: &Viewer,
    view: &View,
    answers: &Answers<'_>,
    shape: &EntityType,
    item: &Item,
    may_change: bool,
) -> Outcome<Vec<Section>> {
    let layout = layout(read, viewer, shape, item)?;
    let known: Vec<&Field> = fields::visible(shape, &viewer.rights).into_iter().filter(|field| is_on_card(field)).collect();
    answers.prefetch_links(std::slice::from_ref(item), &known)?;
    let lacking: BTreeSet<String> = match item.stage() {
        Some(stage) => crm::require::missing(&answers.schema, item, stage).into_iter().map(|field| field.code.clone()).collect(),
        None => shape.fields.iter().filter(|field| field.required && item.values.get(&field.code).is_empty()).map(|field| field.code.clone()).collect(),
    };
    let show = |field: &Field| Shown { lacking: lacking.contains(&field.code), ..fields::shown(answers, item, field, may_change) };
    let Some(layout) = layout else { return Ok(vec![plain(view, &known, show)]) };
    let mut placed: BTreeSet<&str> = BTreeSet::new();
    let mut sections = Vec::new();
    for (at, section) in layout.sections.iter().enumerate() {
        let mut own: Vec<&Field> = section.fields.iter().filter_map(|code| known.iter().find(|field| field.code == *code).copied()).collect();
        if at == 0 {
            // What this stage needs is not hidden by a layout that forgot it.
            let named = |field: &Field| layout.sections.iter().any(|section| section.fields.contains(&field.code));
            own.extend(known.iter().filter(|field| lacking.contains(&field.code) && !named(field)));
        }
        own.retain(|field| placed.insert(field.code.as_str()));
        sections.push(section_of(section, viewer, own.into_iter().map(show).collect()));
    }
    let rest: Vec<Shown> =
        known.iter().filter(|field| !placed.contains(field.code.as_str())).map(|field| show(field)).filter(|field| !field.empty || field.lacking).collect();
    if !rest.is_empty() {
        sections.push(Section { code: "rest".to_owned(), title: view.t("card-rest"), folded: true, hidden: 0, fields: rest, rest: true });
    }
    Ok(sections)
}

fn section_of(section: &LayoutSection, viewer: &Viewer, fields: Vec<Shown>) -> Section {
    Section {
        code: section.code.clone(),
        title: section.title.get(viewer.lang).to_owned(),
        folded: section.folded,
        hidden: fields.iter().filter(|field| field.empty && !field.lacking).count(),
        fields,
        rest: false,
    }
}

/// Everything in one box: what the program keeps and what is secondary and empty stands behind the button.
fn plain(view: &View, known: &[&Field], show: impl Fn(&Field) -> Shown) -> Section {
    let (trail, own): (Vec<&&Field>, Vec<&&Field>) = known.iter().partition(|field| is_trail(&field.code));
    let fields: Vec<Shown> = own.into_iter().map(|field| show(field)).chain(trail.into_iter().map(|field| Shown { aside: true, ..show(field) })).collect();
    let hidden = fields.iter().filter(|field| (field.empty && !field.lacking) || field.aside).count();
    Section { code: "about".to_owned(), title: view.t("card-about"), folded: false, fields, hidden, rest: false }
}
