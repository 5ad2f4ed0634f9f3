//! Lets the phone show the firm's form inside itself: outside the demo no page of the firm may stand in a frame.

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;

/// Paths of landing pages and of what a sent form answers.
const SHOWN: [&str; 2] = ["/l/", "/f/"];

pub(super) fn allow(router: Router) -> Router {
    router.layer(middleware::from_fn(soften))
}

async fn soften(request: Request, next: Next) -> Response {
    let shown = SHOWN.iter().any(|path| request.uri().path().starts_with(path));
    let mut answer = next.run(request).await;
    if shown {
        let headers = answer.headers_mut();
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
        let policy = headers
            .get(header::CONTENT_SECURITY_POLICY)
            .and_then(|value| value.to_str().ok())
            .map(|policy| policy.replace("frame-ancestors 'none'", "frame-ancestors 'self'"));
        if let Some(policy) = policy.and_then(|policy| HeaderValue::from_str(&policy).ok()) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
    }
    answer
}
