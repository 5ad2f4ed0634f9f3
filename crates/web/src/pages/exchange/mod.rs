//! Operations, import and export: long work with its progress, files that come in and go out.

pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod operations;

use crate::{Answer, Trouble};
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use crm::{House, Outcome};
use std::io::{Read, Write};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Parts of a file that wait for the slower side.
const WAITING: usize = 16;
/// Size of a part.
const PART: usize = 64 * 1024;

/// A file while it is sent: a writer on a thread of the database, parts on their way to the browser.
struct Outgoing {
    to: Sender<std::io::Result<Bytes>>,
    part: Vec<u8>,
}

impl Write for Outgoing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.part.extend_from_slice(bytes);
        if self.part.len() >= PART {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if self.part.is_empty() {
            return Ok(());
        }
        let part = Bytes::from(std::mem::take(&mut self.part));
        self.to.blocking_send(Ok(part)).map_err(|_| std::io::ErrorKind::BrokenPipe.into())
    }
}

/// Sends a file while it is written. What breaks off breaks the connection off, so that half a file looks like none.
fn download(house: &House, name: &str, mime: &'static str, fill: impl FnOnce(&House, &mut (dyn Write + Send)) -> Outcome<()> + Send + 'static) -> Response {
    let (to, from) = channel(WAITING);
    let house = house.clone();
    tokio::task::spawn_blocking(move || {
        let mut outgoing = Outgoing { to, part: Vec::with_capacity(PART * 2) };
        let done = fill(&house, &mut outgoing);
        if let Err(fault) = &done {
            tracing::warn!(why = fault.describe(), "a file broke off");
            let _ = outgoing.to.blocking_send(Err(std::io::Error::other("broken off")));
            return;
        }
        let _ = outgoing.flush();
    });
    let parts = futures_util::stream::unfold(from, |mut from: Receiver<std::io::Result<Bytes>>| async move { from.recv().await.map(|part| (part, from)) });
    let mut answer = Body::from_stream(parts).into_response();
    let disposition = format!("attachment; filename*=UTF-8''{}", crate::trouble::percent(name).replace('/', "_"));
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(mime));
    answer.headers_mut().insert(header::CONTENT_DISPOSITION, HeaderValue::from_str(&disposition).unwrap_or(HeaderValue::from_static("attachment")));
    answer
}

/// A file while it is brought: parts from the browser, a reader on a thread of the database.
struct Incoming {
    from: Receiver<Result<Bytes, ()>>,
    part: Bytes,
}

impl Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.part.is_empty() {
            match self.from.blocking_recv() {
                Some(Ok(part)) => self.part = part,
                Some(Err(())) => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                None => return Ok(0),
            }
        }
        let size = self.part.len().min(buffer.len());
        buffer[..size].copy_from_slice(&self.part.split_to(size));
        Ok(size)
    }
}

/// A plain answer that leads on.
fn onward(to: &str) -> Answer {
    Ok(crate::pages::login::redirect(to))
}

/// The word for a broken-off upload.
fn broken_off() -> Trouble {
    crm::Refusal::new("bad_request", "Файл не дошёл до конца: загрузите его ещё раз", "The file did not arrive whole: bring it again").into()
}
