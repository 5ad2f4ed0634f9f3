//! Arranging a card: sections and fields by drag and drop, for oneself or for everybody, here or everywhere.

use super::{load, sections};
use crate::pages::show;
use crate::view::slug;
use crate::{Answer, View, Viewer, Web, fields, work};
use askama::Template;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use crm::{Audience, EntityType, Field, Item, Label, Lang, Layout, LayoutSection, Outcome, Read, Refusal, UserId};
use serde::Deserialize;
use std::collections::BTreeSet;

/// More sections nobody scrolls through.
const MOST_SECTIONS: usize = 40;
/// Letters in the title of a section.
const LONGEST_TITLE: usize = 100;

/// A field as a piece that is dragged.
struct Block {
    code: String,
    title: String,
    required: bool,
}

struct Box {
    code: String,
    title: String,
    folded: bool,
    fields: Vec<Block>,
}

#[derive(Template)]
#[template(path = "card_layout.html")]
struct Arranging {
    view: View,
    slug: String,
    id: i64,
    boxes: Vec<Box>,
    spare: Vec<Block>,
    /// Titles of the pipeline and of the stage on which the item stands.
    place: Option<(String, String)>,
    /// Where the layout in force counts: `type`, `pipeline`, `stage`. A wider one would change nothing here.
    at: &'static str,
    may_arrange_all: bool,
    /// Somebody decided for everybody.
    forced: bool,
    /// He has a layout of his own here.
    mine: bool,
    new_field: Option<String>,
}

/// The layout in force as one to be changed.
fn present(read: &dyn Read, viewer: &Viewer, view: &View, shape: &EntityType, item: &Item) -> Outcome<Layout> {
    Ok(sections::layout(read, viewer, shape, item)?.unwrap_or_else(|| {
        let own = shape.fields.iter().filter(|field| sections::is_on_card(field) && !field.secondary && !sections::is_trail(&field.code));
        let about = |lang: Lang| crate::texts::text(lang, "card-about", &[]);
        let _ = view;
        Layout {
            kind: shape.id,
            sections: vec![LayoutSection {
                code: "about".to_owned(),
                title: Label::new(about(Lang::Ru), about(Lang::En)),
                fields: own.map(|field| field.code.clone()).collect(),
                folded: false,
            }],
            ..Layout::default()
        }
    }))
}

pub(super) async fn edit(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>) -> Answer {
    let piece = work(&web.house, move |house| {
        house.read(|read| {
            let (shape, item) = load(read, &viewer, &word, id)?;
            let view = View::piece(house, &viewer);
            let layout = present(read, &viewer, &view, &shape, &item)?;
            let known: Vec<&Field> = fields::visible(&shape, &viewer.rights).into_iter().filter(|field| sections::is_on_card(field)).collect();
            let block = |field: &&Field| Block { code: field.code.clone(), title: field.title.get(viewer.lang).to_owned(), required: field.required };
            let placed: BTreeSet<&str> = layout.sections.iter().flat_map(|section| section.fields.iter().map(String::as_str)).collect();
            let boxes = layout
                .sections
                .iter()
                .map(|section| Box {
                    code: section.code.clone(),
                    title: section.title.get(viewer.lang).to_owned(),
                    folded: section.folded,
                    fields: section.fields.iter().filter_map(|code| known.iter().find(|field| field.code == *code)).map(block).collect(),
                })
                .collect();
            let schema = read.schema();
            let place = item.stage().and_then(|stage| schema.stage(stage));
            let (pipeline, stage) = sections::place(read, &item);
            let mine = read.layouts(shape.id, viewer.user.id)?.iter().any(|one| {
                one.audience == Audience::Mine
                    && one.owner == viewer.user.id
                    && (one.pipeline.is_empty() || one.pipeline == pipeline)
                    && (one.stage.is_empty() || one.stage == stage)
            });
            Ok(Arranging {
                slug: slug(&shape),
                id: item.id,
                boxes,
                spare: known.iter().filter(|field| !placed.contains(field.code.as_str())).map(block).collect(),
                place: place.map(|(pipeline, stage)| (pipeline.title.get(viewer.lang).to_owned(), stage.title.get(viewer.lang).to_owned())),
                at: match (layout.stage.is_empty(), layout.pipeline.is_empty()) {
                    (false, _) => "stage",
                    (true, false) => "pipeline",
                    (true, true) => "type",
                },
                may_arrange_all: may_arrange_all(&viewer),
                forced: layout.audience == Audience::Forced,
                mine,
                new_field: may_arrange_all(&viewer).then(|| format!("/settings/types/{}", shape.code)),
                view,
            })
        })
    })
    .await?;
    show(&piece)
}

fn may_arrange_all(viewer: &Viewer) -> bool {
    viewer.rights.admin || viewer.rights.constructor
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    /// `mine`, `common`, `forced`.
    audience: Audience,
    /// `type`, `pipeline`, `stage`.
    place: String,
    sections: Vec<WantedSection>,
}

#[derive(Deserialize)]
struct WantedSection {
    code: String,
    title: String,
    fields: Vec<String>,
    #[serde(default)]
    folded: bool,
}

pub(super) async fn save(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>, Json(wanted): Json<Wanted>) -> Answer {
    work(&web.house, move |house| {
        if wanted.audience != Audience::Mine && !may_arrange_all(&viewer) {
            return Err(Refusal::denied("Настраивать карточку для всех может администратор", "Only the administrator arranges the card for everybody").into());
        }
        let layout = house.read(|read| {
            let (shape, item) = load(read, &viewer, &word, id)?;
            let view = View::piece(house, &viewer);
            let now = present(read, &viewer, &view, &shape, &item)?;
            let (pipeline, stage) = sections::place(read, &item);
            // What this person may not see stays where it stands: he arranges only what he sees.
            let unseen = |code: &str| shape.has(code) && !viewer.rights.sees(shape.id, code);
            let mut built = Vec::new();
            for section in &wanted.sections {
                built.push(section_of(section, &now, viewer.lang, &shape)?);
            }
            for section in &now.sections {
                let hidden: Vec<String> = section.fields.iter().filter(|code| unseen(code)).cloned().collect();
                match built.iter_mut().find(|one| one.code == section.code) {
                    Some(one) => one.fields.extend(hidden),
                    None => {
                        if let Some(first) = built.first_mut() {
                            first.fields.extend(hidden);
                        }
                    }
                }
            }
            if built.is_empty() || built.len() > MOST_SECTIONS {
                return Err(Refusal::new("wrong_layout", "На карточке должно быть от 1 до 40 разделов", "A card has 1 to 40 sections").into());
            }
            Ok(Layout {
                kind: shape.id,
                pipeline: if wanted.place == "type" { String::new() } else { pipeline },
                stage: if wanted.place == "stage" { stage } else { String::new() },
                audience: wanted.audience,
                owner: if wanted.audience == Audience::Mine { viewer.user.id } else { UserId::SYSTEM },
                sections: built,
            })
        })?;
        house.transact(move |tx| tx.put_layout(&layout))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn section_of(section: &WantedSection, now: &Layout, lang: Lang, shape: &EntityType) -> Outcome<LayoutSection> {
    let title: String = section.title.trim().chars().filter(|letter| !letter.is_control()).take(LONGEST_TITLE).collect();
    let known = now.sections.iter().find(|one| one.code == section.code);
    let title = match known {
        // A title that was not touched keeps its other language.
        Some(one) if one.title.get(lang) == title => one.title.clone(),
        Some(one) => match lang {
            Lang::Ru => Label::new(title, &one.title.en),
            Lang::En => Label::new(&one.title.ru, title),
        },
        None => Label::same(title),
    };
    let code: String = section.code.chars().filter(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || *letter == '_').take(50).collect();
    if code.is_empty() || title.ru.is_empty() || title.en.is_empty() {
        return Err(Refusal::new("wrong_layout", "Назовите каждый раздел", "Name every section").into());
    }
    let mut seen = BTreeSet::new();
    let fields = section.fields.iter().filter(|code| shape.has(code) && seen.insert((*code).clone())).cloned().collect();
    Ok(LayoutSection { code, title, fields, folded: section.folded })
}

/// Takes one's own layout away: what counts for everybody counts again.
pub(super) async fn reset(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>) -> Answer {
    work(&web.house, move |house| {
        let own = house.read(|read| {
            let (shape, item) = load(read, &viewer, &word, id)?;
            let (pipeline, stage) = sections::place(read, &item);
            let fits = |one: &Layout| (one.pipeline.is_empty() || one.pipeline == pipeline) && (one.stage.is_empty() || one.stage == stage);
            let all = read.layouts(shape.id, viewer.user.id)?;
            Ok(all.into_iter().filter(|one| one.audience == Audience::Mine && one.owner == viewer.user.id && fits(one)).collect::<Vec<_>>())
        })?;
        house.transact(move |tx| own.iter().try_for_each(|layout| tx.remove_layout(layout)))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
