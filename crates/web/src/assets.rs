//! Style sheets, scripts and pictures, inside the binary. Their address holds a hash of all of them, so that a browser
//! keeps them for good and asks again after an upgrade.

use crate::Web;
use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::Write as _;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Folder;

/// `/assets/<hash>`: what stands before the path of every asset.
pub(crate) static PREFIX: LazyLock<String> = LazyLock::new(|| {
    let mut all = Sha256::new();
    let mut paths: Vec<_> = Folder::iter().collect();
    paths.sort();
    for path in paths {
        if let Some(file) = Folder::get(&path) {
            all.update(path.as_bytes());
            all.update(file.metadata.sha256_hash());
        }
    }
    let hash: String = all.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("/assets/{hash}")
});

static PACKED: LazyLock<Mutex<HashMap<String, Arc<Vec<u8>>>>> = LazyLock::new(|| Mutex::new(HashMap::new()));

pub(crate) fn routes() -> Router<Web> {
    // Icons that browsers ask for by themselves.
    Router::new().route("/assets/{hash}/{*path}", get(asset)).route("/favicon.ico", get(|| async { fetch("favicon.svg", &HeaderMap::new(), false) }))
}

async fn asset(Path((hash, path)): Path<(String, String)>, headers: HeaderMap) -> Response {
    // During development files change without a restart.
    let for_good = !cfg!(debug_assertions) && PREFIX.ends_with(&hash);
    fetch(&path, &headers, for_good)
}

fn fetch(path: &str, headers: &HeaderMap, for_good: bool) -> Response {
    let Some(file) = Folder::get(path) else { return StatusCode::NOT_FOUND.into_response() };
    let kind = media_type(path);
    let packs = accepts_gzip(headers) && !kind.starts_with("image/png");
    let body = match packs {
        true => Body::from(packed(path, &file.data).as_slice().to_vec()),
        false => Body::from(file.data.into_owned()),
    };
    let mut answer = Response::new(body);
    let given = answer.headers_mut();
    given.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    given.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    given.insert(header::CACHE_CONTROL, HeaderValue::from_static(if for_good { "public, max-age=31536000, immutable" } else { "no-cache" }));
    if packs {
        given.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    answer
}

/// Whether the browser takes gzip.
pub(crate) fn accepts_gzip(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).is_some_and(|value| value.split(',').any(|one| one.trim().starts_with("gzip")))
}

/// Packed at the first request and kept: all scripts and styles together are about 150 KB.
fn packed(path: &str, bytes: &[u8]) -> Arc<Vec<u8>> {
    let mut known = PACKED.lock().unwrap_or_else(PoisonError::into_inner);
    if cfg!(debug_assertions) {
        known.remove(path);
    }
    known.entry(path.to_owned()).or_insert_with(|| Arc::new(gzip(bytes, Compression::best()))).clone()
}

/// The bytes as gzip.
pub(crate) fn gzip(bytes: &[u8], level: Compression) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), level);
    // Writing into memory does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        _ => "text/plain; charset=utf-8",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_others_are_as_they_came() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/vendor");
        let sums = std::fs::read_to_string(format!("{folder}/SHA256SUMS")).unwrap();
        assert!(sums.lines().count() >= 8);
        for line in sums.lines() {
            let (sum, path) = line.split_once("  ./").unwrap();
            let bytes = std::fs::read(format!("{folder}/{path}")).unwrap();
            let found: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(found, sum, "{path}");
        }
    }

    #[test]
    fn packed_and_plain_are_the_same_file() {
        use std::io::Read as _;
        let file = Folder::get("vendor/htmx/htmx.min.js").unwrap();
        let mut back = Vec::new();
        flate2::read::GzDecoder::new(packed("vendor/htmx/htmx.min.js", &file.data).as_slice()).read_to_end(&mut back).unwrap();
        assert_eq!(back, &*file.data);
    }
}
