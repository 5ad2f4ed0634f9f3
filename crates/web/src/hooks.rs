//! Hooks of vendors: `/hooks/{provider}/{account}`. The raw call is handed on as it came, with the address as the vendor
//! called it; its provider proves the signature. Answered only after the commit.

use crate::viewer::Guest;
use crate::{Answer, Web, work};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, OriginalUri, Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use crm::{AccountId, Fault, House, InboundCall, InboundId, Outcome, Refusal};

/// A call may be so large.
const LARGEST: usize = 1024 * 1024;

pub(crate) fn routes() -> Router<Web> {
    Router::new().route("/hooks/{provider}/{account}", get(call).post(call)).layer(DefaultBodyLimit::max(LARGEST))
}

async fn call(
    State(web): State<Web>,
    guest: Guest,
    Path((provider, account)): Path<(String, String)>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let answer = work(&web.house, move |house| {
        let url = called(house, &uri);
        let raw = InboundCall {
            id: InboundId(0),
            account: AccountId(0),
            at: house.now(),
            remote: guest.remote,
            method: method.as_str().to_owned(),
            url,
            headers: headers.iter().map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect(),
            body: body.to_vec(),
            key: String::new(),
            state: String::new(),
            answer: String::new(),
        };
        match receive(house, &provider, &account, raw) {
            Err(Fault::Refused(refusal)) => {
                // The reason of a refusal is the vendor's to read; for the firm it stands in the log.
                tracing::info!(provider, code = %refusal.code, "a call of a vendor was refused");
                Ok(channels::receive::refused(&refusal, house.firm.lang))
            }
            other => other,
        }
    })
    .await?;
    Ok(told(&answer))
}

fn receive(house: &House, provider: &str, account: &str, raw: InboundCall) -> Outcome<channels::Answer> {
    let found = house.read(|read| read.account_by_code(provider, account))?;
    let account = found.ok_or_else(|| Refusal::new("not_found", "Такого адреса нет", "There is no such address"))?;
    let (firm, executor, now) = (house.firm.clone(), house.executor.clone(), house.now());
    house.transact(move |tx| {
        let call = InboundCall { account: account.id, ..raw.clone() };
        channels::receive::receive(tx, &firm, executor.as_ref(), &account, call, now)
    })
}

/// The address as the vendor called it: signatures are made over it, whatever proxies stand in between.
fn called(house: &House, uri: &Uri) -> String {
    let path = uri.path_and_query().map_or("/", |whole| whole.as_str());
    format!("{}{path}", house.firm.public_url)
}

fn told(answer: &channels::Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    match HeaderValue::from_str(&answer.content_type) {
        Ok(kind) if !answer.content_type.is_empty() => (status, [(header::CONTENT_TYPE, kind)], answer.body.clone()).into_response(),
        _ => status.into_response(),
    }
}
