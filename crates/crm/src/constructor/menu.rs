//! The left menu and the rules by which doubles are recognised.

use super::codes::{code_of, named};
use super::past::{PastLine, note};
use super::{demand, types, wrong};
use crate::doors::Tx;
use crate::entity::MatchRule;
use crate::failure::Outcome;
use crate::field::FieldKind;
use crate::ids::EntityTypeId;
use crate::label::Label;
use crate::layout::MenuSection;
use crate::rights::Rights;
use crate::time::Moment;
use std::collections::BTreeSet;

/// So many sections may the menu have.
const MOST_SECTIONS: usize = 30;
/// So many rules of match may a type have.
const MOST_RULES: usize = 10;

/// Saves the sections of the menu, top to bottom. Sections without a code get one; a type stands in one section only.
///
/// # Errors
/// `wrong_values`.
pub fn put_menu(tx: &mut dyn Tx, rights: &Rights, now: Moment, wanted: Vec<MenuSection>) -> Outcome<()> {
    demand(rights)?;
    if wanted.len() > MOST_SECTIONS {
        return Err(wrong("sections", format!("не больше {MOST_SECTIONS} разделов"), format!("at most {MOST_SECTIONS} sections")).into());
    }
    let schema = tx.schema();
    let (mut codes, mut placed) = (BTreeSet::new(), BTreeSet::new());
    let mut sections = Vec::with_capacity(wanted.len());
    for mut section in wanted {
        section.title = named(&section.title, "title")?;
        if section.code.is_empty() || codes.contains(&section.code) {
            section.code = code_of(&section.title, 40, "section", |code| codes.contains(code));
        }
        codes.insert(section.code.clone());
        section.types.retain(|code| schema.kind_by_code(code).is_some() && placed.insert(code.clone()));
        sections.push(section);
    }
    let told =
        |sections: &[MenuSection]| Label::same(sections.iter().map(|one| format!("{}: {}", one.title.ru, one.types.join(", "))).collect::<Vec<_>>().join("; "));
    let before = tx.sections()?;
    if before == sections {
        return Ok(());
    }
    tx.put_sections(&sections)?;
    let line = PastLine { name: Label::new("Разделы", "Sections"), old: told(&before), new: told(&sections) };
    note(tx, rights, now, "menu", Label::new("Изменено меню", "Menu changed"), vec![line])
}

/// Saves the rules by which records of a type are recognised as the same.
///
/// # Errors
/// `wrong_values` for fields that are not there or cannot be compared.
pub fn put_matching(tx: &mut dyn Tx, rights: &Rights, now: Moment, at: EntityTypeId, rules: Vec<MatchRule>) -> Outcome<()> {
    demand(rights)?;
    let mut shape = tx.schema().kind(at).cloned().ok_or_else(types::unknown)?;
    let mut kept: Vec<MatchRule> = Vec::new();
    for mut rule in rules {
        let mut seen = BTreeSet::new();
        rule.fields.retain(|code| seen.insert(code.clone()));
        for code in &rule.fields {
            let field = shape.field(code).ok_or_else(|| wrong("fields", format!("поля «{code}» нет"), format!("there is no field {code}")))?;
            if matches!(field.kind, FieldKind::Record { .. } | FieldKind::File | FieldKind::Image | FieldKind::LongText | FieldKind::RichText) {
                return Err(wrong(
                    "fields",
                    format!("по полю «{}» записи не сравнить", field.title.ru),
                    format!("records cannot be compared by {}", field.title.en),
                )
                .into());
            }
        }
        if !rule.fields.is_empty() && !kept.iter().any(|one| one.fields == rule.fields) {
            kept.push(rule);
        }
    }
    if kept.len() > MOST_RULES {
        return Err(wrong("fields", format!("не больше {MOST_RULES} правил"), format!("at most {MOST_RULES} rules")).into());
    }
    let told =
        |rules: &[MatchRule]| Label::same(rules.iter().map(|rule| rule.fields.join(" + ") + if rule.gate { " !" } else { "" }).collect::<Vec<_>>().join("; "));
    let line = PastLine { name: Label::new("Правила", "Rules"), old: told(&shape.matching), new: told(&kept) };
    if shape.matching == kept {
        return Ok(());
    }
    // What is compared must be found without reading everything.
    for code in kept.iter().flat_map(|rule| &rule.fields) {
        if let Some(field) = shape.fields.iter_mut().find(|field| field.code == *code && !field.is_points()) {
            field.indexed = true;
        }
    }
    shape.matching = kept;
    tx.install_type(&shape)?;
    note(tx, rights, now, &shape.code, Label::new("Изменены правила поиска дублей", "Rules of match changed"), vec![line])
}
