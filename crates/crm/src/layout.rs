//! How a card is laid out: sections with fields, for everybody or for one person, per pipeline and stage.

use crate::ids::{EntityTypeId, UserId};
use crate::label::Label;
use serde::{Deserialize, Serialize};

/// For whom a layout is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// For everybody who has none of his own.
    #[default]
    Common,
    /// For everybody, one's own or not.
    Forced,
    /// For its owner.
    Mine,
}

/// The layout of a type's card at one place. The nearest place wins: stage, pipeline, type; at one place forced before
/// mine before common.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Layout {
    /// The type; in a pack its code stands in the file's name.
    #[serde(default)]
    pub kind: EntityTypeId,
    /// Code of the pipeline; empty: every one.
    #[serde(default)]
    pub pipeline: String,
    /// Code of the stage; empty: every one.
    #[serde(default)]
    pub stage: String,
    /// For whom.
    #[serde(default)]
    pub audience: Audience,
    /// Whose it is; nobody's unless `Mine`.
    #[serde(default)]
    pub owner: UserId,
    /// Top to bottom.
    pub sections: Vec<LayoutSection>,
}

/// A box on the card.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayoutSection {
    /// Stable code inside the layout.
    pub code: String,
    /// What stands above it.
    pub title: Label,
    /// Codes of its fields, top to bottom.
    pub fields: Vec<String>,
    /// Folded until somebody opens it.
    #[serde(default)]
    pub folded: bool,
}

impl Layout {
    /// The layout that counts at a place for a person, out of those of the type.
    pub fn nearest<'a>(all: &'a [Layout], user: UserId, pipeline: &str, stage: &str) -> Option<&'a Layout> {
        let fits = |one: &&Layout| {
            (one.audience != Audience::Mine || one.owner == user)
                && (one.pipeline.is_empty() || one.pipeline == pipeline)
                && (one.stage.is_empty() || one.stage == stage)
        };
        let rank = |one: &&Layout| {
            let audience = match one.audience {
                Audience::Forced => 2,
                Audience::Mine => 1,
                Audience::Common => 0,
            };
            (!one.stage.is_empty(), !one.pipeline.is_empty(), audience)
        };
        all.iter().filter(fits).max_by_key(rank)
    }
}

/// A line of the left menu that holds types together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MenuSection {
    /// Stable code.
    pub code: String,
    /// What a person reads.
    pub title: Label,
    /// Icon.
    #[serde(default)]
    pub icon: String,
    /// Codes of the types in it, top to bottom.
    pub types: Vec<String>,
}

impl MenuSection {
    /// The types of a section, out of all sections in their order. A pack may name a type that the base named before it: the
    /// type stands once, in the last section that names it.
    pub fn types_of(sections: &[MenuSection], place: usize) -> impl Iterator<Item = &str> {
        let later = sections.get(place + 1..).unwrap_or_default();
        let types = sections.get(place).map(|section| section.types.as_slice()).unwrap_or_default();
        types.iter().map(String::as_str).filter(|code| !later.iter().any(|other| other.types.iter().any(|known| known == code)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_that_two_sections_name_stands_in_the_last_one() {
        let section = |types: &[&str]| MenuSection { types: types.iter().map(|code| (*code).to_owned()).collect(), ..MenuSection::default() };
        let sections = [section(&["lead", "deal"]), section(&["unit", "deal"])];
        let of = |place| MenuSection::types_of(&sections, place).collect::<Vec<_>>();
        assert_eq!((of(0), of(1), of(2)), (vec!["lead"], vec!["unit", "deal"], vec![]));
    }

    #[test]
    fn the_nearest_layout_wins_and_a_forced_one_beats_ones_own() {
        let layout = |stage: &str, audience, owner, code: &str| Layout {
            stage: stage.into(),
            audience,
            owner: UserId(owner),
            sections: vec![LayoutSection { code: code.into(), ..LayoutSection::default() }],
            ..Layout::default()
        };
        let all = [
            layout("", Audience::Common, 0, "common"),
            layout("", Audience::Mine, 7, "mine"),
            layout("WON", Audience::Common, 0, "won"),
            layout("LOST", Audience::Forced, 0, "forced"),
            layout("LOST", Audience::Mine, 7, "mine on lost"),
        ];
        let code = |user, stage: &str| Layout::nearest(&all, UserId(user), "main", stage).map(|one| one.sections[0].code.clone());
        assert_eq!(code(7, "NEW").as_deref(), Some("mine"));
        assert_eq!(code(8, "NEW").as_deref(), Some("common"));
        assert_eq!(code(7, "WON").as_deref(), Some("won"));
        assert_eq!(code(7, "LOST").as_deref(), Some("forced"));
    }
}
