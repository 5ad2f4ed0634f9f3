//! The wizard of an import: a file, its columns, what would come of it, and off it goes as an operation.

use super::{Incoming, broken_off, onward};
use crate::answers::shape_of;
use crate::pages::{Page, show};
use crate::view::slug;
use crate::{Answer, Trouble, View, Viewer, Web, work};
use askama::Template;
use axum::extract::{DefaultBodyLimit, Multipart, Path, State};
use axum::routing::{get, post};
use axum::{Form, Router};
use crm::{Action, EntityType, FieldKind, Refusal, Scope};
use exchange::import::{self, Chosen, DELIMITERS, Draft, ENCODINGS, Format, Known, MOST_BYTES, Preview, Source, Target};
use tokio::sync::mpsc::channel;

pub(crate) fn page() -> Page {
    Page {
        code: "import",
        menu: None,
        routes: || {
            let most = usize::try_from(MOST_BYTES).unwrap_or(usize::MAX).saturating_add(64 * 1024);
            Router::new()
                .route("/{kind}/import", get(ask).post(bring).layer(DefaultBodyLimit::max(most)))
                .route("/{kind}/import/{id}", get(mapping))
                .route("/{kind}/import/{id}/source", post(source))
                .route("/{kind}/import/{id}/preview", post(preview))
                .route("/{kind}/import/{id}/start", post(start))
        },
    }
}

#[derive(Template)]
#[template(path = "import.html")]
struct AskPage {
    view: View,
    slug: String,
    what: String,
    home: String,
    cards: bool,
}

/// A type of which this person may make or change records.
fn importable(read: &dyn crm::Read, viewer: &Viewer, word: &str) -> crm::Outcome<EntityType> {
    let shape = shape_of(read, &viewer.rights, word)?;
    let may = |action| viewer.rights.scope(shape.id, action) != Scope::None;
    match shape.listed && (may(Action::Create) || may(Action::Change)) {
        true => Ok(shape),
        false => Err(Refusal::denied("У вас нет права создавать такие записи", "You may not create such records").into()),
    }
}

async fn ask(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>) -> Answer {
    let page = work(&web.house, move |house| {
        house.read(|read| {
            let shape = importable(read, &viewer, &word)?;
            let home = format!("/{}", slug(&shape));
            let view = View::framed(house, read, &viewer, &home)?;
            Ok(AskPage { slug: slug(&shape), what: shape.plural.get(viewer.lang).to_owned(), home, cards: shape.id == crm::kind::CONTACT, view })
        })
    })
    .await?;
    show(&page)
}

/// Takes the file while it comes in.
async fn bring(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, mut form: Multipart) -> Answer {
    while let Some(mut field) = form.next_field().await.map_err(|_| broken_off())? {
        let Some(name) = field.file_name().map(str::to_owned).filter(|name| !name.is_empty()) else { continue };
        let (to, from) = channel(8);
        let (house, viewer, word) = (web.house.clone(), viewer.clone(), word.clone());
        let kept = tokio::task::spawn_blocking(move || {
            let shape = house.read(|read| importable(read, &viewer, &word))?;
            let mut incoming = Incoming { from, part: axum::body::Bytes::new() };
            let id = import::bring(&house, &viewer.rights, &viewer.cause(house.now()), shape.id, &name, &mut incoming)?;
            Ok((slug(&shape), id))
        });
        loop {
            match field.chunk().await {
                // Whoever reads has given up: his answer says why.
                Ok(Some(part)) => {
                    if to.send(Ok(part)).await.is_err() {
                        break;
                    }
                }
                Ok(None) => break,
                Err(_) => {
                    let _ = to.send(Err(())).await;
                    break;
                }
            }
        }
        drop(to);
        let (slug, id) = kept.await.map_err(|_| Trouble::Broken)?.map_err(|fault: crm::Fault| Trouble::from(fault))?;
        return onward(&format!("/{slug}/import/{id}"));
    }
    Err(Refusal::new("no_file", "Выберите файл", "Choose a file").into())
}

/// One column of the file.
struct Column {
    title: String,
    samples: Vec<String>,
    /// Code, title, chosen.
    fields: Vec<(String, String, bool)>,
    /// For a link: ways in which the other record is found.
    by: Vec<(String, String, bool)>,
}

#[derive(Template)]
#[template(path = "import_mapping.html")]
struct MappingPage {
    view: View,
    slug: String,
    what: String,
    id: i64,
    name: String,
    columns: Vec<Column>,
    is_text: bool,
    encodings: Vec<(String, bool)>,
    /// Delimiter, its name, chosen.
    delimiters: Vec<(String, String, bool)>,
    sheets: Vec<(String, bool)>,
    /// Code, title, chosen.
    keys: Vec<(String, String, bool)>,
    /// Code, title, chosen.
    policies: Vec<(&'static str, String, bool)>,
    keep_trail: bool,
    clear: bool,
    quiet: bool,
}

async fn mapping(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>) -> Answer {
    let page = work(&web.house, move |house| {
        let draft = import::draft(house, &viewer.rights, id)?;
        let sheets = import::sheets_of(house, &draft)?;
        house.read(|read| {
            let shape = importable(read, &viewer, &word)?;
            let view = View::framed(house, read, &viewer, &format!("/{}", slug(&shape)))?;
            Ok(wizard(view, &read.schema(), &viewer, &shape, &draft, &sheets))
        })
    })
    .await?;
    show(&page)
}

fn wizard(view: View, schema: &crm::Schema, viewer: &Viewer, shape: &EntityType, draft: &Draft, sheets: &[String]) -> MappingPage {
    let (plan, lang) = (&draft.plan, viewer.lang);
    let offered: Vec<&crm::Field> = shape.fields.iter().filter(|field| import::is_offered(shape, &viewer.rights, field)).collect();
    let column = |(at, title): (usize, &String)| {
        let target = plan.columns.get(at).cloned().unwrap_or_default();
        let linked = match shape.field(&target.field).map(|field| &field.kind) {
            Some(FieldKind::Link { to }) => schema.kind(*to),
            _ => None,
        };
        Column {
            title: title.clone(),
            samples: draft
                .first
                .iter()
                .filter_map(|row| row.get(at))
                .filter(|cell| !cell.trim().is_empty())
                .take(3)
                .map(|cell| cell.chars().take(60).collect())
                .collect(),
            fields: offered.iter().map(|field| (field.code.clone(), field.title.get(lang).to_owned(), field.code == target.field)).collect(),
            by: linked.map_or_else(Vec::new, |to| {
                let quick =
                    |field: &&crm::Field| (field.is_points() || field.indexed || field.code == crm::code::TITLE) && viewer.rights.sees(to.id, &field.code);
                to.fields.iter().filter(quick).map(|field| (field.code.clone(), field.title.get(lang).to_owned(), field.code == target.by)).collect()
            }),
        }
    };
    let named = |delimiter: &str| match delimiter {
        ";" => view.t("import-semicolon"),
        "," => view.t("import-comma"),
        "\t" => view.t("import-tab"),
        _ => "|".to_owned(),
    };
    MappingPage {
        slug: slug(shape),
        what: shape.plural.get(lang).to_owned(),
        id: draft.operation.item.id,
        name: draft.name.clone(),
        columns: plan.header.iter().enumerate().map(column).collect(),
        is_text: plan.source.format == Format::Csv,
        encodings: ENCODINGS.iter().map(|name| ((*name).to_owned(), name.eq_ignore_ascii_case(&plan.source.encoding))).collect(),
        delimiters: DELIMITERS.iter().map(|one| ((*one).to_owned(), named(one), *one == plan.source.delimiter)).collect(),
        sheets: sheets.iter().map(|name| (name.clone(), *name == plan.source.sheet)).collect(),
        keys: keys(plan, &offered, lang),
        policies: Known::ALL
            .iter()
            .map(|known| (known.code(), view.t(&format!("import-known-{}", known.code().replace('_', "-"))), *known == plan.known))
            .collect(),
        keep_trail: plan.keep_trail,
        clear: plan.clear,
        quiet: draft.operation.plan.quiet,
        view,
    }
}

/// Fields by which records can be recognised: those of the file first.
fn keys(plan: &import::ImportPlan, offered: &[&crm::Field], lang: crm::Lang) -> Vec<(String, String, bool)> {
    let fits = |field: &&&crm::Field| !matches!(field.kind, FieldKind::LongText | FieldKind::RichText | FieldKind::Stage | FieldKind::Pipeline);
    let mut fields: Vec<&&crm::Field> = offered.iter().filter(fits).collect();
    fields.sort_by_key(|field| !plan.columns.iter().any(|target| target.field == field.code));
    fields.into_iter().map(|field| (field.code.clone(), field.title.get(lang).to_owned(), plan.key.contains(&field.code))).collect()
}

type Pairs = Vec<(String, String)>;

fn first<'p>(form: &'p Pairs, name: &str) -> &'p str {
    form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
}

/// Reads the file another way.
async fn source(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>, Form(form): Form<Pairs>) -> Answer {
    work(&web.house, move |house| {
        let format = import::draft(house, &viewer.rights, id)?.plan.source.format;
        let text = |name: &str| first(&form, name).to_owned();
        import::read_as(house, &viewer.rights, id, Source { format, encoding: text("encoding"), delimiter: text("delimiter"), sheet: text("sheet") })
    })
    .await?;
    onward(&format!("/{word}/import/{id}"))
}

/// What the form says: `column.<n>`, `by.<n>`, `key` (several), and the switches.
fn chosen(form: &Pairs) -> Chosen {
    let mut columns: Vec<Target> = Vec::new();
    for (name, value) in form {
        let place = |name: &str| name.parse::<usize>().ok().filter(|at| *at < 300);
        let Some((word, at)) = name.split_once('.').and_then(|(word, at)| Some((word, place(at)?))) else { continue };
        if columns.len() <= at {
            columns.resize(at + 1, Target::default());
        }
        match word {
            "column" => columns[at].field = value.clone(),
            "by" => columns[at].by = value.clone(),
            _ => {}
        }
    }
    Chosen {
        columns,
        key: form.iter().filter(|(name, value)| name == "key" && !value.is_empty()).map(|(_, value)| value.clone()).collect(),
        known: Known::from_code(first(form, "known")).unwrap_or_default(),
        keep_trail: first(form, "keep_trail") == "1",
        clear: first(form, "clear") == "1",
        quiet: first(form, "quiet") == "1",
    }
}

#[derive(Template)]
#[template(path = "import_preview.html")]
struct PreviewPiece {
    view: View,
    slug: String,
    seen: Preview,
    header: Vec<String>,
    /// The first mistakes: row, beginning, reason.
    errors: Vec<(i64, String, String)>,
    /// Rows of a sort with the texts of the sort.
    samples: Vec<(String, exchange::import::Sample)>,
}

/// What would come of it.
async fn preview(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>, Form(form): Form<Pairs>) -> Answer {
    let piece = work(&web.house, move |house| {
        import::choose(house, &viewer.rights, id, &chosen(&form))?;
        let seen = import::preview(house, &viewer.rights, id)?;
        let header = import::draft(house, &viewer.rights, id)?.plan.header;
        let view = View::piece(house, &viewer);
        let errors = seen.errors.iter().map(|note| (note.at, note.title.clone(), note.why.get(viewer.lang).to_owned())).collect();
        let samples = seen.samples.iter().map(|sample| (view.t(&format!("import-will-{}", sample.sort)), sample.clone())).collect();
        Ok(PreviewPiece { slug: word, header: header.into_iter().take(8).collect(), errors, samples, seen, view })
    })
    .await?;
    show(&piece)
}

/// Off it goes.
async fn start(State(web): State<Web>, viewer: Viewer, Path((_, id)): Path<(String, i64)>, Form(form): Form<Pairs>) -> Answer {
    work(&web.house, move |house| {
        import::choose(house, &viewer.rights, id, &chosen(&form))?;
        import::begin(house, &viewer.rights, &viewer.cause(house.now()), id).map(drop)
    })
    .await?;
    onward(&format!("/operations/{id}"))
}
