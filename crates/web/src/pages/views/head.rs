//! The head of a board, list, activities page and calendar: title, pipeline, forms, tabs of views, the search field.

use super::finder::{Finder, finder};
use super::{Look, mode_path};
use crate::answers::Answers;
use crate::trouble::percent;
use crate::{View, Viewer};
use crm::{Action, FieldKind, Outcome, ViewMode};

/// A form in which the same records can be shown.
pub(crate) struct Mode {
    pub title: String,
    pub icon: &'static str,
    pub href: String,
    pub active: bool,
}

/// A pinned view.
pub(crate) struct Tab {
    pub title: String,
    pub href: String,
    pub active: bool,
}

/// The head of a page.
pub(crate) struct Head {
    pub title: String,
    /// One record: "Deal".
    pub one: String,
    pub slug: String,
    /// `list`, `board`, `activities`, `calendar`.
    pub mode: &'static str,
    /// Address of a pipeline, its title, chosen.
    pub pipelines: Vec<(String, String, bool)>,
    pub modes: Vec<Mode>,
    pub tabs: Vec<Tab>,
    pub finder: Finder,
    pub may_create: bool,
    /// Records are made right on the page.
    pub quick: bool,
    /// May set up what everybody sees.
    pub may_share: bool,
    pub rules_href: Option<String>,
    /// The address without the place, for what asks for the same again.
    pub query: String,
    /// Code and title of the view in force, when the reader may change it.
    pub own_view: Option<(String, String)>,
    /// Code and title of the roles for which a view may come first.
    pub roles: Vec<(String, String)>,
    /// Columns or fields of cards can be chosen.
    pub columns: bool,
}

/// Builds the head.
///
/// # Errors
/// Failures of the database.
pub(crate) fn head(view: &View, answers: &Answers<'_>, viewer: &Viewer, look: &Look) -> Outcome<Head> {
    let shape = &look.shape;
    let which = look.wanted.which();
    let which = if which.is_empty() { "view=" } else { which.trim_end_matches('&') };
    let form = |mode: ViewMode, key: &str, icon: &'static str| Mode {
        title: view.t(key),
        icon,
        href: format!("/{}{}?{which}", look.slug, mode_path(mode)),
        active: look.mode == mode,
    };
    let mut modes = Vec::new();
    if shape.staged {
        modes.push(form(ViewMode::Board, "view-board", "layout-kanban"));
    }
    modes.push(form(ViewMode::List, "view-list", "list"));
    if shape.listed && shape.id != crm::kind::TASK {
        modes.push(form(ViewMode::Activities, "view-activities", "clock"));
    }
    if shape.fields.iter().any(|field| matches!(field.kind, FieldKind::Date | FieldKind::Moment) && viewer.rights.sees(shape.id, &field.code)) {
        modes.push(form(ViewMode::Calendar, "view-calendar", "calendar"));
    }
    let base = format!("/{}{}", look.slug, mode_path(look.mode));
    let mut tabs: Vec<Tab> = look
        .views
        .iter()
        .filter(|one| one.pinned || one.code == look.wanted.view)
        .map(|one| Tab {
            title: one.title.get(view.lang).to_owned(),
            href: format!("/{}{}?view={}", look.slug, mode_path(one.mode), percent(&one.code)),
            active: one.code == look.wanted.view,
        })
        .collect();
    if !tabs.is_empty() {
        tabs.insert(0, Tab { title: view.t("tab-all"), href: format!("{base}?view="), active: look.wanted.view.is_empty() });
    }
    let known = answers.schema.pipelines_of(shape.id);
    let mut pipelines = Vec::new();
    if known.len() > 1 {
        let mut other = look.wanted.clone();
        let now = look.pipeline.as_ref().map(|one| one.id);
        if look.mode != ViewMode::Board {
            other.pipeline = None;
            pipelines.push((format!("{base}?{}", other.address()), view.t("pipeline-all"), now.is_none()));
        }
        for (at, one) in known.iter().enumerate() {
            other.pipeline = Some(one.id.0);
            let chosen = now == Some(one.id) || (now.is_none() && at == 0 && look.mode == ViewMode::Board);
            pipelines.push((format!("{base}?{}", other.address()), one.title.get(view.lang).to_owned(), chosen));
        }
    }
    let may_share = viewer.rights.admin || viewer.rights.constructor;
    let may_create = viewer.rights.may_for(Action::Create, shape.id, viewer.user.id);
    let roles = if may_share { answers.read.roles()?.into_iter().map(|role| (role.code, role.title.get(view.lang).to_owned())).collect() } else { Vec::new() };
    let rules = look.pipeline.as_ref().or_else(|| known.first().copied()).map(|one| format!("/{}/robots?pipeline={}", look.slug, one.id));
    let changeable = |one: &&crm::SavedView| one.owner == viewer.user.id || may_share;
    Ok(Head {
        title: shape.plural.get(view.lang).to_owned(),
        one: shape.title.get(view.lang).to_owned(),
        slug: look.slug.clone(),
        mode: match look.mode {
            ViewMode::List => "list",
            ViewMode::Board => "board",
            ViewMode::Activities => "activities",
            ViewMode::Calendar => "calendar",
        },
        pipelines,
        modes,
        tabs,
        finder: finder(view, answers, look)?,
        may_create: may_create && look.mode != ViewMode::Board,
        quick: may_create && look.mode == ViewMode::Board,
        may_share,
        rules_href: rules.filter(|_| shape.staged && viewer.rights.automation),
        query: look.wanted.address(),
        own_view: look.view.as_ref().filter(changeable).map(|one| (one.code.clone(), one.title.get(view.lang).to_owned())),
        roles,
        columns: matches!(look.mode, ViewMode::List | ViewMode::Board),
    })
}
