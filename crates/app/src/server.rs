//! The server: pages, REST, health and figures on one address; a clean stop on SIGTERM.

use crate::patience;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::get};
use crm::House;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// Longest wait for open answers after a stop was asked for; streams of the live screen end with it.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// Everything that is answered on the one address. `more` holds the demo's pages, or nothing.
pub fn router(house: House, more: Router) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .with_state(house.clone())
        .merge(rest::router(house.clone()))
        .merge(more)
        .merge(web::router(house))
        .layer(middleware::from_fn(patience::hear_out))
        .layer(middleware::from_fn(log))
}

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// Failures of the socket.
pub async fn serve(listener: TcpListener, router: Router) -> std::io::Result<()> {
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let asked = async move {
        terminated().await;
        tracing::info!("stopping");
        let _ = stop.send(true);
    };
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(asked);
    let mut late = stopped;
    tokio::select! {
        ended = server.into_future() => ended,
        () = async {
            let _ = late.wait_for(|stop| *stop).await;
            tokio::time::sleep(STOP_WITHIN).await;
        } => Ok(()),
    }
}

async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut term) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = term.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

async fn health(State(house): State<House>) -> Response {
    let found = tokio::task::spawn_blocking(move || house.read(|read| read.latest())).await;
    match found {
        Ok(Ok(_)) => ([(header::CONTENT_TYPE, "application/json")], r#"{"status":"ok"}"#).into_response(),
        _ => (StatusCode::SERVICE_UNAVAILABLE, [(header::CONTENT_TYPE, "application/json")], r#"{"status":"no database"}"#).into_response(),
    }
}

async fn metrics(State(house): State<House>) -> Response {
    let text = tokio::task::spawn_blocking(move || figures(&house)).await;
    match text {
        Ok(Ok(text)) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        _ => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// Figures in the text form of Prometheus.
fn figures(house: &House) -> crm::Outcome<String> {
    let now = house.now();
    let (latest, read_by_rules, (waiting, oldest), dead) =
        house.read(|read| Ok((read.latest()?, read.mark("automation")?, read.job_backlog(now)?, read.dead_jobs(500)?.len())))?;
    let mut text = String::new();
    let mut line = |name: &str, help: &str, value: f64| {
        let _ = write!(text, "# HELP vekha_{name} {help}\n# TYPE vekha_{name} gauge\nvekha_{name} {value}\n");
    };
    #[expect(clippy::cast_precision_loss, reason = "figures for a chart")]
    {
        line("events", "Last place in the event log.", latest.0 as f64);
        line("automation_lag_events", "Events that the rules have not read yet.", (latest.0 - read_by_rules.0) as f64);
        line("jobs_waiting", "Jobs in the queue.", waiting as f64);
        line("jobs_dead", "Jobs that were given up and wait for a person (500 at most are counted).", dead as f64);
    }
    line("job_oldest_due_seconds", "How late the oldest job is.", oldest.map_or(0.0, |due| now.since(due).as_secs_f64()));
    for (name, value) in house.store.figures() {
        line(name, "Figure of the database engine.", value);
    }
    Ok(text)
}

/// One line for every answer, with the pattern of the address instead of the address: secrets and names stand in addresses.
async fn log(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().map_or_else(|| "-".to_owned(), |path| path.as_str().to_owned());
    let answer = next.run(request).await;
    tracing::info!(method = %method, path, status = answer.status().as_u16(), ms = begun.elapsed().as_millis(), "answered");
    answer
}
