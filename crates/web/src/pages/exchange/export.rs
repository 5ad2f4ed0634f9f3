//! A list as a file: the same records as the list shows, with the columns one wants; and everything, for an administrator.

use super::download;
use crate::pages::views::Look;
use crate::pages::views::wanted::pairs;
use crate::pages::{Page, show};
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::routing::{get, post};
use crm::query::Count;
use crm::{Action, Outcome, Query, Refusal, Scope, ViewMode};
use exchange::export::{self, Form, Wanted, Zip};

pub(crate) fn page() -> Page {
    Page {
        code: "export",
        menu: None,
        routes: || Router::new().route("/{kind}/export", get(ask)).route("/{kind}/export/file", get(file)).route("/everything", post(everything)),
    }
}

/// Counting stops here.
const CAP: u64 = 100_000;

#[derive(Template)]
#[template(path = "export.html")]
struct ExportPage {
    view: View,
    slug: String,
    what: String,
    count: Count,
    /// What the list was asked, handed on.
    pairs: Vec<(String, String)>,
    /// Code, title, in the list now.
    columns: Vec<(String, String, bool)>,
    cards: bool,
}

/// Pairs of the list's address that say which records, in which order.
fn kept(query: Option<&str>) -> Vec<(String, String)> {
    pairs(query.unwrap_or_default()).into_iter().filter(|(name, _)| !["form", "column", "after", "before"].contains(&name.as_str())).collect()
}

async fn ask(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, RawQuery(query): RawQuery) -> Answer {
    let page = work(&web.house, move |house| {
        house.read(|read| {
            let look = Look::read(house, read, &viewer, &word, ViewMode::List, query.as_deref())?;
            if viewer.rights.scope(look.shape.id, Action::Export) == Scope::None {
                return Err(Refusal::denied("У вас нет права выгружать эти записи", "You may not export these records").into());
            }
            let count = read.count(&viewer.rights, &Query::of(look.shape.id).filter(look.filter_in_pipeline()), CAP)?;
            let view = View::framed(house, read, &viewer, &format!("/{}", look.slug))?;
            let offered = look.shape.fields.iter().filter(|field| export::is_offered(look.shape.id, &viewer.rights, field));
            let usual: Vec<String> = match look.columns.is_empty() {
                true => crate::pages::views::usual_columns(&look.shape, &viewer.rights).into_iter().map(|field| field.code.clone()).collect(),
                false => look.columns.clone(),
            };
            Ok(ExportPage {
                columns: offered.map(|field| (field.code.clone(), field.title.get(viewer.lang).to_owned(), usual.contains(&field.code))).collect(),
                what: look.shape.plural.get(viewer.lang).to_owned(),
                cards: look.shape.id == crm::kind::CONTACT,
                pairs: kept(query.as_deref()),
                slug: look.slug,
                count,
                view,
            })
        })
    })
    .await?;
    show(&page)
}

async fn file(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, RawQuery(query): RawQuery) -> Answer {
    let (wanted, name) = work(&web.house, {
        let viewer = viewer.clone();
        move |house| {
            let (wanted, name) = house.read(|read| wanted(house, read, &viewer, &word, query.as_deref()))?;
            export::check(house, &viewer.rights, &wanted)?;
            Ok((wanted, name))
        }
    })
    .await?;
    let lang = viewer.lang;
    Ok(download(&web.house, &name, wanted.form.mime(), move |house, to| export::list(house, &viewer.rights, lang, &wanted, to).map(drop)))
}

fn wanted(house: &crm::House, read: &dyn crm::Read, viewer: &Viewer, word: &str, query: Option<&str>) -> Outcome<(Wanted, String)> {
    let given = pairs(query.unwrap_or_default());
    let form = given.iter().find(|(name, _)| name == "form").and_then(|(_, code)| Form::from_code(code)).unwrap_or_default();
    let columns: Vec<String> = given.iter().filter(|(name, _)| name == "column").map(|(_, code)| code.clone()).collect();
    let mut address = form_urlencoded::Serializer::new(String::new());
    address.extend_pairs(kept(query));
    let look = Look::read(house, read, viewer, word, ViewMode::List, Some(&address.finish()))?;
    let day = house.now().timestamp().to_zoned(house.firm.zone.clone()).date();
    let name = format!("{} {day}.{}", look.shape.plural.get(viewer.lang), form.code());
    Ok((Wanted { kind: look.shape.id, filter: look.filter_in_pipeline(), order: vec![look.order()], columns, form }, name))
}

/// Everything the firm has, as one archive.
async fn everything(State(web): State<Web>, viewer: Viewer) -> Answer {
    if !viewer.rights.admin {
        return Err(Refusal::denied("Выгрузить всё может только администратор", "Only an administrator may export everything").into());
    }
    let day = web.house.now().timestamp().to_zoned(web.house.firm.zone.clone()).date();
    let lang = viewer.lang;
    Ok(download(&web.house, &format!("vekha-{day}.zip"), "application/zip", move |house, to| {
        let mut zip = Zip::new(to);
        export::everything(house, &viewer.rights, lang, &mut zip)?;
        zip.end()
    }))
}
