//! The left menu: sections and types in them, dragged into place.

use super::{done, sent::Sent};
use crate::pages::{Entry, Page, show};
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::Router;
use axum::extract::{Form, State};
use axum::routing::get;
use crm::{EntityType, Label, MenuSection, constructor};

pub(crate) fn page() -> Page {
    Page {
        code: "menu",
        menu: Some(Entry { title: "menu-heading", icon: "layout-sidebar", href: "/settings/menu", shown: |rights| constructor::demand(rights).is_ok() }),
        routes: || Router::new().route("/settings/menu", get(form).post(save)),
    }
}

struct TypeLine {
    code: String,
    title: String,
    icon: String,
}

struct SectionView {
    code: String,
    ru: String,
    en: String,
    types: Vec<TypeLine>,
}

#[derive(Template)]
#[template(path = "settings_menu.html")]
struct MenuPage {
    view: View,
    sections: Vec<SectionView>,
    /// Types that stand by themselves.
    free: Vec<TypeLine>,
}

async fn form(State(web): State<Web>, viewer: Viewer) -> Answer {
    let page = work(&web.house, move |house| {
        house.read(|read| {
            constructor::demand(&viewer.rights)?;
            let schema = read.schema();
            let line = |shape: &EntityType| TypeLine { code: shape.code.clone(), title: shape.plural.get(viewer.lang).to_owned(), icon: shape.icon.clone() };
            let sections = read.sections()?;
            let shown: Vec<&EntityType> = schema.types.values().filter(|shape| shape.listed).collect();
            let placed = |code: &str| sections.iter().any(|section| section.types.iter().any(|known| known == code));
            Ok(MenuPage {
                free: shown.iter().filter(|shape| !placed(&shape.code)).map(|shape| line(shape)).collect(),
                sections: sections
                    .iter()
                    .enumerate()
                    .map(|(place, section)| SectionView {
                        code: section.code.clone(),
                        ru: section.title.ru.clone(),
                        en: super::field_form::same_or(&section.title),
                        types: MenuSection::types_of(&sections, place)
                            .filter_map(|code| shown.iter().find(|shape| shape.code == code))
                            .map(|shape| line(shape))
                            .collect(),
                    })
                    .collect(),
                view: View::framed(house, read, &viewer, "/settings")?,
            })
        })
    })
    .await?;
    show(&page)
}

async fn save(State(web): State<Web>, viewer: Viewer, Form(sent): Form<Vec<(String, String)>>) -> Answer {
    let sent = Sent(sent);
    super::change(&web, &viewer, move |tx, rights, now| {
        let known = tx.sections()?;
        // `section` stands before the answers of each section; types before the first one stand by themselves.
        let mut wanted: Vec<MenuSection> = Vec::new();
        for (name, value) in &sent.0 {
            match (name.as_str(), wanted.last_mut()) {
                ("section", _) => {
                    let icon = known.iter().find(|one| one.code == *value && !value.is_empty()).map(|one| one.icon.clone()).unwrap_or_default();
                    wanted.push(MenuSection { code: value.clone(), title: Label::default(), icon, types: Vec::new() });
                }
                ("title_ru", Some(section)) => section.title.ru.clone_from(value),
                ("title_en", Some(section)) => section.title.en.clone_from(value),
                ("type", Some(section)) => section.types.push(value.clone()),
                _ => {}
            }
        }
        constructor::put_menu(tx, rights, now, wanted)
    })
    .await?;
    done(serde_json::json!({}))
}
