//! The sockets' side: reads a request within its limits, hands it to the synchronous core, writes the answer.

use crate::api::{Api, refusal};
use crate::call::{Call, Format, Reply};
use crate::wrong::Wrong;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::any;
use crm::House;
use http_body_util::BodyExt;
use std::sync::Arc;

/// A body may have so many bytes.
pub const LARGEST: usize = 4 * 1024 * 1024;
/// A larger body is read to its end, and forgotten, up to here: who is cut off while he sends never reads our answer.
const DRAINED: usize = 64 * 1024 * 1024;

/// The API under `/rest/`.
pub fn router(house: House) -> Router {
    let api = Arc::new(Api::new(house));
    Router::new().route("/rest", any(serve)).route("/rest/", any(serve)).route("/rest/{*method}", any(serve)).with_state(api)
}

async fn serve(State(api): State<Arc<Api>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
    let body = match read(body).await {
        Ok(body) => body,
        Err(wrong) => return response(refusal(Format::Json, &wrong)),
    };
    let call = Call {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or("").to_owned(),
        content_type,
        body,
    };
    // The database blocks: never on a thread of the async runtime.
    match tokio::task::spawn_blocking(move || api.answer(&call)).await {
        Ok(reply) => response(reply),
        Err(panic) => {
            tracing::error!(%panic, "a REST method panicked");
            response(refusal(Format::Json, &Wrong::new(500, "INTERNAL_SERVER_ERROR", "Internal server error")))
        }
    }
}

async fn read(mut body: Body) -> Result<Vec<u8>, Wrong> {
    let mut bytes = Vec::new();
    let mut seen = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Wrong::request("The request body broke off"))?;
        let Ok(data) = frame.into_data() else { continue };
        seen = seen.saturating_add(data.len());
        if seen > DRAINED {
            break;
        }
        if seen <= LARGEST {
            bytes.extend_from_slice(&data);
        } else {
            bytes = Vec::new();
        }
    }
    match seen > LARGEST {
        true => Err(Wrong::new(413, "INVALID_REQUEST", "The request body is larger than 4 MB")),
        false => Ok(bytes),
    }
}

fn response(reply: Reply) -> Response {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
