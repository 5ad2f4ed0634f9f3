//! Pages, live updates, public forms: what people see and touch.
//!
//! Every page is one file in `pages/` and one line in [`pages::all`]. Answers are made on the server; the browser gets
//! small pieces of HTML and a stream of what happened.

mod answers;
mod assets;
mod fields;
mod hooks;
mod letters;
mod live;
mod pages;
mod shield;
mod texts;
mod tiles;
mod timeline;
mod trouble;
mod view;
mod viewer;

use axum::Router;
use axum::middleware;
use crm::{House, Outcome};
use std::sync::Arc;

pub(crate) use trouble::Trouble;
pub(crate) use view::View;
pub(crate) use viewer::{Guest, Viewer};

/// What every page holds in its hands.
#[derive(Clone)]
pub(crate) struct Web {
    /// Store, clock, executor, settings.
    pub house: House,
    /// Holds back whoever guesses passwords.
    pub limiter: Arc<team::Limiter>,
    /// What happens, told to open screens.
    pub live: Arc<live::Live>,
}

/// What an ordinary page answers.
pub(crate) type Answer = Result<axum::response::Response, Trouble>;

/// All pages of the house: staff's screens, public forms, hooks of vendors.
pub fn router(house: House) -> Router {
    let live = live::Live::start(&house);
    let web = Web { house, limiter: Arc::new(team::Limiter::new()), live };
    let mut router = Router::new().merge(assets::routes()).merge(hooks::routes()).merge(live::routes());
    for page in pages::all() {
        router = router.merge((page.routes)());
    }
    router.fallback(pages::nowhere).layer(middleware::from_fn_with_state(web.clone(), shield::guard)).with_state(web)
}

/// Does work that blocks (all work with the database does) away from the threads of the network.
///
/// # Errors
/// What the work returns; a panic inside is told to the visitor as our mistake, with a number.
pub(crate) async fn work<T: Send + 'static>(house: &House, job: impl FnOnce(&House) -> Outcome<T> + Send + 'static) -> Result<T, Trouble> {
    let house = house.clone();
    match tokio::task::spawn_blocking(move || job(&house)).await {
        Ok(outcome) => outcome.map_err(Trouble::from),
        Err(_) => Err(Trouble::Broken),
    }
}
