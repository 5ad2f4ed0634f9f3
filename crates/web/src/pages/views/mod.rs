//! What boards, lists, activities and calendars have in common: the state in the address, saved views, the builder of
//! conditions, the choice of columns.

pub(crate) mod finder;
pub(crate) mod head;
pub(crate) mod rows;
mod saved;
pub(crate) mod wanted;

use super::Page;
use crate::Viewer;
use crate::answers::shape_of;
use crate::view::slug;
use axum::Router;
use axum::routing::{get, post};
use crm::saved_view::{Meaning, meant};
use crm::{EntityType, Filter, House, Op, Order, Outcome, Pipeline, PipelineId, Read, Refusal, SavedView, UserId, Value, ViewMode, code};
use rows::Row;
pub(crate) use saved::{can_be_column, usual_columns};
use wanted::Wanted;

pub(crate) fn page() -> Page {
    Page {
        code: "views",
        menu: None,
        routes: || {
            Router::new()
                .route("/{kind}/filter-row", get(finder::filter_row))
                .route("/{kind}/views", post(saved::save))
                .route("/{kind}/views/delete", post(saved::delete))
                .route("/{kind}/columns", get(saved::chooser).post(saved::choose))
        },
    }
}

/// Personal settings are kept as views whose codes begin so; nobody sees them as views.
const HIDDEN: char = '_';

/// What the address asks for, with the saved view behind it.
pub(crate) struct Look {
    pub shape: EntityType,
    pub slug: String,
    pub mode: ViewMode,
    pub wanted: Wanted,
    /// The view in force.
    pub view: Option<SavedView>,
    /// All views that the reader may choose.
    pub views: Vec<SavedView>,
    /// Conditions as lines: those of the address or of the view.
    pub groups: Vec<Vec<Row>>,
    /// A condition of the view that cannot be written as lines still counts.
    pub kept: bool,
    /// Which records, ready for the database.
    pub filter: Filter,
    /// The pipeline asked for, if there is one.
    pub pipeline: Option<Pipeline>,
    /// Codes of columns, or of fields on a card; empty: the usual ones.
    pub columns: Vec<String>,
    /// A view of another form comes first for this reader: go there.
    pub elsewhere: Option<String>,
}

/// Who looks, and when.
pub(crate) fn meaning<'a>(house: &'a House, viewer: &'a Viewer) -> Meaning<'a> {
    Meaning { user: viewer.user.id, department: &viewer.rights.department, now: house.now(), zone: &house.firm.zone }
}

/// The word of a form in addresses.
pub(crate) fn mode_path(mode: ViewMode) -> &'static str {
    match mode {
        ViewMode::List => "",
        ViewMode::Board => "/board",
        ViewMode::Activities => "/activities",
        ViewMode::Calendar => "/calendar",
    }
}

/// Code of the personal setting that keeps the columns of a form.
pub(super) fn own_columns(mode: ViewMode) -> &'static str {
    match mode {
        ViewMode::Board => "_board",
        _ => "_list",
    }
}

impl Look {
    /// Reads what an address asks for.
    ///
    /// # Errors
    /// Refuses unknown types, pipelines, fields and comparisons in words.
    pub fn read(house: &House, read: &dyn Read, viewer: &Viewer, word: &str, mode: ViewMode, query: Option<&str>) -> Outcome<Look> {
        let shape = shape_of(read, &viewer.rights, word)?;
        let slug = slug(&shape);
        let schema = read.schema();
        let mut wanted = Wanted::read(query);
        let (hidden, views): (Vec<SavedView>, Vec<SavedView>) =
            read.views(shape.id, viewer.user.id)?.into_iter().partition(|view| view.code.starts_with(HIDDEN));
        let mut elsewhere = None;
        if wanted.bare
            && let Some(first) = first_view(&views, viewer)
        {
            match first.mode == mode {
                true => first.code.clone_into(&mut wanted.view),
                false => elsewhere = Some(format!("/{slug}{}?view={}", mode_path(first.mode), crate::trouble::percent(&first.code))),
            }
        }
        let view = views.iter().find(|view| view.code == wanted.view && !wanted.view.is_empty()).cloned();
        if view.is_none() {
            wanted.view.clear();
        }
        let behind = view.as_ref().filter(|_| !wanted.own).map(|view| &view.filter);
        let lines = behind.map(|filter| rows::rows_of(&schema, filter));
        let (groups, kept) = match lines {
            Some(Some(groups)) if wanted.groups.is_empty() => (groups, false),
            Some(Some(mut groups)) if groups.len() <= 1 && wanted.groups.len() <= 1 => {
                groups.extend(wanted.groups.clone());
                (vec![groups.concat()], false)
            }
            Some(_) => (wanted.groups.clone(), true),
            None => (wanted.groups.clone(), false),
        };
        let mut saved = rows::filter_of(&schema, shape.id, &groups)?;
        if let Some(filter) = behind.filter(|_| kept) {
            saved = saved.and(filter.clone());
        }
        let mut filter = meant(&saved, &schema, shape.id, &meaning(house, viewer))?;
        if !wanted.q.is_empty() {
            filter = filter.and(Filter::Search(wanted.q.clone()));
        }
        let pipeline = match (wanted.pipeline, &view) {
            (Some(id), _) => {
                let found = schema.pipelines.get(&PipelineId(id)).filter(|pipeline| pipeline.kind == shape.id);
                Some(found.cloned().ok_or_else(|| Refusal::new("not_found", "Такой воронки нет", "There is no such pipeline"))?)
            }
            (None, Some(view)) if !view.pipeline.is_empty() => schema.pipelines_of(shape.id).into_iter().find(|one| one.code == view.pipeline).cloned(),
            _ => None,
        };
        let personal = || hidden.iter().find(|one| one.code == own_columns(mode)).map(|one| one.columns.clone());
        let mut columns = wanted.columns.clone();
        if columns.is_empty() {
            columns = view.as_ref().filter(|view| view.mode == mode).map(|view| view.columns.clone()).unwrap_or_default();
        }
        if columns.is_empty() {
            columns = personal().unwrap_or_default();
        }
        columns.retain(|code| shape.has(code) && viewer.rights.sees(shape.id, code));
        Ok(Look { slug, mode, view, views, groups, kept, filter, pipeline, columns, elsewhere, wanted, shape })
    }

    /// The field that records are sorted by, and the direction.
    pub fn order(&self) -> Order {
        if !self.wanted.sort.is_empty() {
            return Order { field: self.wanted.sort.clone(), descending: self.wanted.descending };
        }
        let given = self.view.as_ref().and_then(|view| view.order.first()).cloned();
        given.unwrap_or_else(|| Order { field: code::ID.to_owned(), descending: true })
    }

    /// Which records of a list or calendar: the pipeline is a condition there.
    pub fn filter_in_pipeline(&self) -> Filter {
        match &self.pipeline {
            Some(pipeline) => self.filter.clone().and(Filter::is(code::PIPELINE, Op::Eq, Value::Int(pipeline.id.0))),
            None => self.filter.clone(),
        }
    }

    /// Something narrows what is shown.
    pub fn is_narrow(&self) -> bool {
        self.filter != Filter::Any
    }

    /// The condition as it is saved, and as operations take it.
    ///
    /// # Errors
    /// Refuses unknown fields and comparisons.
    pub fn saved_filter(&self, read: &dyn Read) -> Outcome<Filter> {
        let mut filter = rows::filter_of(&read.schema(), self.shape.id, &self.groups)?;
        if let Some(view) = self.view.as_ref().filter(|_| self.kept) {
            filter = filter.and(view.filter.clone());
        }
        Ok(filter)
    }
}

/// The view that this reader sees first: his own choice, then that of his role.
fn first_view<'a>(views: &'a [SavedView], viewer: &Viewer) -> Option<&'a SavedView> {
    views.iter().find(|view| view.owner == UserId::SYSTEM && view.default_for.contains(&viewer.user.role))
}
