//! One HTTP call: built, sent, its answer read up to the limit.

use crate::guard::{Forbidden, Resolver, is_private};
use crate::{LARGEST_ANSWER, LONGEST_WAIT, Method, Reply, Request, Trouble};
use reqwest::blocking::{Client, Response};
use reqwest::redirect::Policy;
use std::io::Read as _;
use std::sync::Arc;
use std::time::{Duration, Instant};
use url::{Host, Url};

/// A connection that takes longer will not come about.
const CONNECT: Duration = Duration::from_secs(10);
/// Servers close idle connections; a call on a closed one would be *unknown*.
const IDLE: Duration = Duration::from_secs(10);

/// The address, if the courier goes there at all.
pub fn parse(text: &str) -> Result<Url, Trouble> {
    let url = Url::parse(text).map_err(|error| Trouble::never(format!("no web address: {error}")))?;
    match url.scheme() {
        "http" | "https" if url.host_str().is_some() => Ok(url),
        _ => Err(Trouble::never("only http and https are called")),
    }
}

/// The client for inner addresses or without them.
pub fn client(private_allowed: bool) -> Result<Client, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots())
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(Arc::new(Resolver { private_allowed }))
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT)
        .timeout(LONGEST_WAIT)
        .pool_idle_timeout(IDLE)
        .user_agent("Vekha")
        .build()
        .map_err(|error| reason(&error))
}

/// The machine's certificates; on a machine without any, Mozilla's.
fn roots() -> rustls::RootCertStore {
    let mut store = rustls::RootCertStore::empty();
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if store.is_empty() {
        store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    store
}

/// Sends and reads the answer.
pub fn send(client: &Client, request: &Request, url: Url, private_allowed: bool) -> Result<Reply, Trouble> {
    // The resolver is not asked when the address is written as a number.
    let number = match url.host() {
        Some(Host::Ipv4(address)) => Some(address.into()),
        Some(Host::Ipv6(address)) => Some(address.into()),
        _ => None,
    };
    if !private_allowed && number.is_some_and(is_private) {
        return Err(Trouble::never(Forbidden.to_string()));
    }
    let begun = Instant::now();
    let timeout = request.timeout.min(LONGEST_WAIT);
    let mut building = match request.method {
        Method::Get => client.get(url),
        Method::Post => client.post(url).body(request.body.clone()),
    }
    .timeout(timeout);
    for (name, value) in &request.headers {
        building = building.header(name, value);
    }
    let built = building.build().map_err(|error| Trouble::never(reason(&error)))?;
    let response = client.execute(built).map_err(|error| trouble(&error))?;
    read(response, begun + timeout)
}

fn read(mut response: Response, until: Instant) -> Result<Reply, Trouble> {
    let status = response.status().as_u16();
    let headers = response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect();
    let mut body = Vec::new();
    let mut piece = [0_u8; 16 * 1024];
    loop {
        // The client's own limit is for each piece; a server that drips would hold us for hours.
        if Instant::now() > until {
            return Err(Trouble::Unknown { why: format!("status {status}, but the answer did not end in time") });
        }
        match response.read(&mut piece) {
            Ok(0) => return Ok(Reply { status, headers, body }),
            Ok(count) if body.len() + count > LARGEST_ANSWER => {
                return Err(Trouble::Unknown { why: format!("status {status}, but the answer is longer than 1 MiB") });
            }
            Ok(count) => body.extend_from_slice(&piece[..count]),
            Err(error) => return Err(Trouble::Unknown { why: format!("status {status}, but the answer broke off: {}", error.kind()) }),
        }
    }
}

/// Not connected: surely not sent. Anything later may have reached the other side.
fn trouble(error: &reqwest::Error) -> Trouble {
    if chain(error).any(|cause| cause.is::<Forbidden>()) {
        return Trouble::never(Forbidden.to_string());
    }
    match error {
        error if error.is_builder() => Trouble::never(reason(error)),
        error if error.is_connect() => Trouble::not_sent(reason(error)),
        error if error.is_timeout() => Trouble::Unknown { why: "no answer in time".to_owned() },
        error => Trouble::Unknown { why: reason(error) },
    }
}

fn chain<'e>(error: &'e (dyn std::error::Error + 'static)) -> impl Iterator<Item = &'e (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

/// The innermost cause: the outer ones name the address with its query.
fn reason(error: &reqwest::Error) -> String {
    chain(error).last().map_or_else(String::new, |cause| match cause.downcast_ref::<reqwest::Error>() {
        Some(_) => "the request cannot be made".to_owned(),
        None => cause.to_string(),
    })
}
