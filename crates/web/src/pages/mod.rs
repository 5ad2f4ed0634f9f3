//! The pages: one file and one line each.

use crate::{Answer, Trouble, Web};
use askama::Template;
use axum::Router;
use axum::response::{Html, IntoResponse};
use crm::{Failure, Rights};

pub(crate) mod accounts;
pub(crate) mod activities;
pub(crate) mod automation;
pub(crate) mod bin;
pub(crate) mod board;
pub(crate) mod calendar;
pub(crate) mod card;
pub(crate) mod doubles;
pub(crate) mod exchange;
pub(crate) mod files;
pub(crate) mod landing;
pub(crate) mod list;
pub(crate) mod login;
pub(crate) mod notices;
pub(crate) mod palette;
pub(crate) mod people;
pub(crate) mod popup;
pub(crate) mod robots;
pub(crate) mod search;
pub(crate) mod settings;
pub(crate) mod tasks;
pub(crate) mod views;

/// A page as the house knows it.
pub(crate) struct Page {
    /// Stable code; also the name of its file.
    #[expect(dead_code, reason = "names the page in the list")]
    pub code: &'static str,
    /// Its line in the menu, below the types of records.
    pub menu: Option<Entry>,
    /// Its addresses.
    pub routes: fn() -> Router<Web>,
}

/// A line of the menu.
pub(crate) struct Entry {
    /// Key of the text.
    pub title: &'static str,
    /// Icon of the sprite.
    pub icon: &'static str,
    /// Where it leads.
    pub href: &'static str,
    /// Who sees it.
    pub shown: fn(&Rights) -> bool,
}

/// All pages, in the order of the menu.
pub(crate) fn all() -> Vec<Page> {
    vec![
        login::page(),
        board::page(),
        list::page(),
        views::page(),
        activities::page(),
        calendar::page(),
        card::page(),
        automation::page(),
        files::page(),
        bin::page(),
        doubles::page(),
        tasks::page(),
        notices::page(),
        popup::page(),
        robots::page(),
        settings::types::page(),
        settings::menu::page(),
        accounts::page(),
        accounts::webhooks::page(),
        people::staff::page(),
        people::employee::page(),
        people::dismissal::page(),
        people::invite::page(),
        people::roles::page(),
        people::offices::page(),
        settings::packs::page(),
        landing::page(),
        exchange::operations::page(),
        exchange::import::page(),
        exchange::export::page(),
        search::page(),
        palette::page(),
        settings::page(),
    ]
}

/// A template as an answer.
pub(crate) fn show(template: &impl Template) -> Answer {
    match template.render() {
        Ok(html) => Ok(Html(html).into_response()),
        Err(error) => Err(Failure::give_up(format!("a template could not be filled: {error}")).into()),
    }
}

/// No page has this address.
pub(crate) async fn nowhere() -> Trouble {
    Trouble::nowhere()
}
