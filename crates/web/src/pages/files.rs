//! Bytes of files: kept while they come in, given out only by links that are signed for one person and soon expire, and
//! never in a form that a browser would run.

use super::Page;
use crate::answers::Person;
use crate::trouble::percent;
use crate::{Answer, Trouble, View, Viewer, Web, work};
use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use crm::{EntityType, Failure, FieldKind, FileId, House, ItemRef, Moment, Outcome, Read, Refusal, Rights, StoredFile, UserId};
use futures_util::StreamExt as _;
use hmac::{Hmac, Mac as _};
use serde::Deserialize;
use sha2::Sha256;
use std::collections::BTreeSet;
use std::io::Read as _;
use std::time::Duration;
use subtle::ConstantTimeEq as _;
use tokio::sync::mpsc;

/// A file is at most so large.
const LARGEST: u64 = 100 * 1024 * 1024;
/// How long a signed link lives.
const LINK_LIVES: Duration = Duration::from_secs(300);
/// Bytes on their way at a time.
const PART: usize = 64 * 1024;
/// Pictures that browsers show and cannot run.
const PICTURES: [(&str, &[u8]); 4] = [("image/png", b"\x89PNG\r\n\x1a\n"), ("image/jpeg", b"\xff\xd8\xff"), ("image/gif", b"GIF8"), ("image/webp", b"RIFF")];

pub(crate) fn page() -> Page {
    Page {
        code: "files",
        menu: None,
        routes: || Router::new().route("/files", post(upload)).route("/files/{id}", get(link)).route("/files/{id}/{until}/{sign}", get(download)),
    }
}

/// A file in a list.
pub(crate) struct Line {
    pub id: i64,
    pub name: String,
    pub size: String,
    pub picture: bool,
    /// Ending of the name, for its icon: `pdf`.
    pub ending: String,
    pub person: Person,
    pub at: Moment,
}

/// A stored file as a line of a list.
pub(crate) fn line(read: &dyn Read, view: &View, file: &StoredFile) -> Line {
    let ending = file.name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase()).filter(|ending| ending.len() <= 5).unwrap_or_default();
    Line {
        id: file.id.0,
        name: file.name.clone(),
        size: size(view, file.size),
        picture: is_picture(&file.mime),
        ending,
        person: Person::named(file.by, crm::format::user(read, file.by, view.lang)),
        at: file.at,
    }
}

fn size(view: &View, bytes: i64) -> String {
    match bytes {
        ..1024 => view.n("size-bytes", bytes),
        1024..1_048_576 => view.n("size-kilobytes", (bytes + 512) / 1024),
        _ => {
            let tenths = (bytes * 10 + 524_288) / 1_048_576;
            view.with("size-megabytes", "size", format!("{}{}{}", tenths / 10, if view.lang == crm::Lang::Ru { "," } else { "." }, tenths % 10))
        }
    }
}

fn is_picture(mime: &str) -> bool {
    PICTURES.iter().any(|(known, _)| *known == mime)
}

/// Files that stand in fields hidden from this person.
pub(crate) fn unseen(read: &dyn Read, rights: &Rights, shape: &EntityType, at: ItemRef) -> Outcome<BTreeSet<FileId>> {
    let hidden: Vec<&str> = shape
        .fields
        .iter()
        .filter(|field| matches!(field.kind, FieldKind::File | FieldKind::Image) && !rights.sees(shape.id, &field.code))
        .map(|field| field.code.as_str())
        .collect();
    if hidden.is_empty() {
        return Ok(BTreeSet::new());
    }
    let Some(item) = read.item(&Rights::system(), at)? else { return Ok(BTreeSet::new()) };
    Ok(hidden.iter().flat_map(|code| item.values.get(code).as_list()).filter_map(crm::Value::as_int).map(FileId).collect())
}

// ── coming in ──

#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    name: String,
}

/// A file for a record that is not made yet: it belongs to whoever brought it until the record takes it.
async fn upload(State(web): State<Web>, viewer: Viewer, axum::extract::Query(named): axum::extract::Query<Named>, body: Body) -> Answer {
    let mut file = keep(&web, &viewer, &named.name, body).await?;
    let file = work(&web.house, move |house| {
        house.transact(move |tx| {
            tx.put_file(&mut file)?;
            Ok(file.clone())
        })
    })
    .await?;
    Ok(Json(serde_json::json!({ "id": file.id.0, "name": file.name, "size": file.size })).into_response())
}

/// Keeps the bytes of a request while they come; the card of the file is not saved yet.
pub(crate) async fn keep(web: &Web, viewer: &Viewer, name: &str, body: Body) -> Result<StoredFile, Trouble> {
    let name = clean(name);
    let (send, receive) = mpsc::channel::<Option<Bytes>>(8);
    let (house, user) = (web.house.clone(), viewer.user.id);
    let keeping = tokio::task::spawn_blocking(move || take_in(&house, user, name, receive));
    let mut parts = body.into_data_stream();
    loop {
        match parts.next().await {
            Some(Ok(part)) => {
                // Whoever keeps them has given up: he says why below.
                if send.send(Some(part)).await.is_err() {
                    break;
                }
            }
            Some(Err(_)) => break,
            None => {
                let _ = send.send(None).await;
                break;
            }
        }
    }
    drop(send);
    match keeping.await {
        Ok(kept) => kept.map_err(Trouble::from),
        Err(_) => Err(Trouble::Broken),
    }
}

fn take_in(house: &House, user: UserId, name: String, receive: mpsc::Receiver<Option<Bytes>>) -> Outcome<StoredFile> {
    let mut incoming = Incoming { receive, part: Bytes::new(), over: false, head: Vec::new() };
    let (hash, size) = house.keep_bytes(&mut incoming, LARGEST)?;
    if size == 0 {
        return Err(Refusal::new("empty_file", "Файл пустой", "The file is empty").into());
    }
    let mime = mime_of(&name, &incoming.head);
    Ok(StoredFile { id: FileId(0), hash, name, mime, size, item: ItemRef::default(), by: user, at: house.now() })
}

/// Bytes of a request as something to read from. A connection that broke is no end of a file.
struct Incoming {
    receive: mpsc::Receiver<Option<Bytes>>,
    part: Bytes,
    over: bool,
    /// The first bytes, to see what it is.
    head: Vec<u8>,
}

impl std::io::Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.part.is_empty() && !self.over {
            match self.receive.blocking_recv() {
                Some(Some(part)) => self.part = part,
                Some(None) => self.over = true,
                None => return Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "the sender went away")),
            }
        }
        let count = self.part.len().min(buffer.len());
        let now = self.part.split_to(count);
        buffer[..count].copy_from_slice(&now);
        if self.head.len() < 16 {
            self.head.extend(now.iter().take(16 - self.head.len()));
        }
        Ok(count)
    }
}

/// A name without ways to other folders, control signs and marks that turn letters around (`exe.fdp` for `pdf.exe`).
fn clean(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let turns = |letter: char| matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let kept: String = last.chars().filter(|letter| !letter.is_control() && !turns(*letter)).take(200).collect();
    let kept = kept.trim().trim_matches('.').trim().to_owned();
    if kept.is_empty() { "file".to_owned() } else { kept }
}

/// What a file is: a picture only when its bytes say so, the rest by the ending of its name.
fn mime_of(name: &str, head: &[u8]) -> String {
    if let Some((mime, _)) = PICTURES.iter().find(|(mime, magic)| head.starts_with(magic) && (*mime != "image/webp" || head.get(8..12) == Some(b"WEBP"))) {
        return (*mime).to_owned();
    }
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "pdf" => "application/pdf",
        "doc" => "application/msword",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xls" => "application/vnd.ms-excel",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "odt" => "application/vnd.oasis.opendocument.text",
        "ods" => "application/vnd.oasis.opendocument.spreadsheet",
        "txt" | "log" => "text/plain",
        "csv" => "text/csv",
        "zip" => "application/zip",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "wav" => "audio/wav",
        "mp4" => "video/mp4",
        _ => "application/octet-stream",
    }
    .to_owned()
}

// ── going out ──

/// The file, if this person may have it; the journaled fields in which it stands.
fn may_have(read: &dyn Read, viewer: &Viewer, id: FileId) -> Outcome<(StoredFile, Vec<String>)> {
    let file = read.file(id)?.ok_or_else(Refusal::not_found)?;
    if file.item.id == 0 {
        return if file.by == viewer.user.id { Ok((file, Vec::new())) } else { Err(Refusal::not_found().into()) };
    }
    let schema = read.schema();
    let shape = schema.kind(file.item.kind).ok_or_else(Refusal::not_found)?;
    let item = read.item(&viewer.rights, file.item)?.ok_or_else(Refusal::not_found)?;
    if unseen(read, &viewer.rights, shape, item.at())?.contains(&id) {
        return Err(Refusal::not_found().into());
    }
    let journaled = shape
        .fields
        .iter()
        .filter(|field| (field.journaled || field.masked) && matches!(field.kind, FieldKind::File | FieldKind::Image))
        .filter(|field| item.values.get(&field.code).as_list().iter().any(|one| one.as_int() == Some(id.0)));
    let journaled = journaled.map(|field| field.code.clone()).collect();
    Ok((file, journaled))
}

fn sign(house: &House, id: FileId, user: UserId, until: i64, shown: bool) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(&house.firm.signing_key).expect("HMAC takes a key of any length");
    mac.update(format!("file:{}:{}:{until}:{shown}", id.0, user.0).as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Sends whoever may have the file on to a link that is signed for him and lives five minutes.
async fn link(State(web): State<Web>, viewer: Viewer, Path(id): Path<i64>, RawQuery(query): RawQuery) -> Answer {
    let shown = query.is_some_and(|query| query == "show");
    let to = work(&web.house, move |house| {
        let id = FileId(id);
        house.read(|read| may_have(read, &viewer, id))?;
        let until = house.now().plus(LINK_LIVES).0;
        Ok(format!("/files/{id}/{until}/{}{}", sign(house, id, viewer.user.id, until, shown), if shown { "?show" } else { "" }))
    })
    .await?;
    Ok(Redirect::temporary(&to).into_response())
}

/// The bytes. The signature says for whom and until when; the rights are asked again, they may be gone.
async fn download(State(web): State<Web>, viewer: Viewer, Path((id, until, given)): Path<(i64, i64, String)>, RawQuery(query): RawQuery) -> Answer {
    let shown = query.is_some_and(|query| query == "show");
    let (file, bytes) = work(&web.house, move |house| {
        let id = FileId(id);
        let right = sign(house, id, viewer.user.id, until, shown);
        if !bool::from(right.as_bytes().ct_eq(given.as_bytes())) {
            return Err(Refusal::not_found().into());
        }
        if Moment(until) < house.now() {
            return Err(Refusal::new(
                "link_expired",
                "Ссылка устарела: откройте файл с карточки ещё раз",
                "The link has expired: open the file from its card again",
            )
            .into());
        }
        let (file, journaled) = house.read(|read| may_have(read, &viewer, id))?;
        super::card::note_look(house, &viewer, file.item, &journaled, "file")?;
        let bytes = house.bytes(&file)?.ok_or_else(|| Failure::give_up(format!("the bytes of file {} are gone", file.id)))?;
        Ok((file, bytes))
    })
    .await?;
    Ok(answer(&file, stream(bytes), shown))
}

fn answer(file: &StoredFile, body: Body, shown: bool) -> Response {
    let inline = shown && is_picture(&file.mime);
    let plain: String = file.name.chars().map(|letter| if letter.is_ascii_alphanumeric() || " ._-()".contains(letter) { letter } else { '_' }).collect();
    let how = if inline { "inline" } else { "attachment" };
    let disposition = format!("{how}; filename=\"{plain}\"; filename*=UTF-8''{}", percent(&file.name).replace('/', "%2F"));
    let mime = if inline || !file.mime.starts_with("text/") { file.mime.as_str() } else { "text/plain; charset=utf-8" };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    let mut put = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    put(
        header::CONTENT_TYPE,
        if mime.contains("html") || mime.contains("svg") || mime.contains("xml") && !mime.contains("openxml") { "application/octet-stream" } else { mime },
    );
    put(header::CONTENT_DISPOSITION, &disposition);
    put(header::CONTENT_LENGTH, &file.size.to_string());
    put(header::CONTENT_SECURITY_POLICY, "default-src 'none'; img-src 'self'; sandbox");
    put(header::CACHE_CONTROL, "private, max-age=300");
    response
}

/// Bytes read on a thread that may block and sent as they are read.
fn stream(mut bytes: Box<dyn crm::Bytes>) -> Body {
    let (send, receive) = mpsc::channel::<std::io::Result<Bytes>>(4);
    tokio::task::spawn_blocking(move || {
        loop {
            let mut part = vec![0; PART];
            let read = match bytes.read(&mut part) {
                Ok(0) => break,
                Ok(count) => {
                    part.truncate(count);
                    Ok(Bytes::from(part))
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            let failed = read.is_err();
            // Nobody listens any more, or nothing more can be said.
            if send.blocking_send(read).is_err() || failed {
                break;
            }
        }
    });
    Body::from_stream(futures_util::stream::unfold(receive, |mut receive| async move { receive.recv().await.map(|part| (part, receive)) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_and_hides_nothing() {
        assert_eq!(clean("../../etc/passwd"), "passwd");
        assert_eq!(clean("C:\\temp\\договор.pdf"), "договор.pdf");
        assert_eq!(clean("счёт\u{202e}fdp.exe"), "счётfdp.exe");
        assert_eq!(clean("a\r\nSet-Cookie: x"), "aSet-Cookie: x");
        assert_eq!(clean(" .. "), "file");
    }

    #[test]
    fn what_only_calls_itself_a_picture_is_none() {
        assert_eq!(mime_of("x.png", b"<svg onload=alert(1)>"), "application/octet-stream");
        assert_eq!(mime_of("x.svg", b"<svg xmlns="), "application/octet-stream");
        assert_eq!(mime_of("x.html", b"<!doctype html>"), "application/octet-stream");
        assert_eq!(mime_of("скан", b"\x89PNG\r\n\x1a\n...."), "image/png");
    }
}
