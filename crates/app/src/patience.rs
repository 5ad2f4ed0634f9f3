//! Reads a request to its end before the answer goes out. Whoever sends ten megabytes and is refused after one would
//! otherwise find the line cut while he is still sending, and never see why.

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::BodyExt as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

/// Shorter bodies are read by their handlers anyway.
const SHORT: u64 = 64 * 1024;
/// Longer ones are cut: nobody sends so much by mistake.
const LONGEST: u64 = 64 * 1024 * 1024;
/// Longest wait for the rest.
const WITHIN: Duration = Duration::from_secs(15);

type Slot = Arc<Mutex<Option<Body>>>;

/// The body in the hands of a handler; what he does not read comes back.
struct Lent {
    body: Option<Body>,
    back: Slot,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        match self.body.as_mut() {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.as_ref().map(HttpBody::size_hint).unwrap_or_default()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        *self.back.lock().unwrap_or_else(PoisonError::into_inner) = self.body.take();
    }
}

/// The layer: hands the request on, then reads what was left of it.
pub async fn hear_out(request: Request, next: Next) -> Response {
    let length = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|text| text.parse::<u64>().ok());
    if !length.is_some_and(|length| (SHORT..=LONGEST).contains(&length)) {
        return next.run(request).await;
    }
    let back = Slot::default();
    let lent = back.clone();
    let answer = next.run(request.map(|body| Body::new(Lent { body: Some(body), back: lent }))).await;
    let rest = back.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(mut rest) = rest {
        let read = async { while let Some(Ok(_)) = rest.frame().await {} };
        let _ = tokio::time::timeout(WITHIN, read).await;
    }
    answer
}
