//! The conversation of RFC 5321, the receiving side, and the ways in which it goes wrong in bad weather.

use super::Mailbox;
use crate::demo::weather::take;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// Largest letter, as many servers have it.
const LARGEST: usize = 26_214_400;
/// Longest line of a command; RFC 5321 asks for 512 at least.
const LONGEST_LINE: u64 = 2_048;
/// Longest line of a letter that is still read; RFC 5321 asks for 1 000 at least.
const LONGEST_TEXT_LINE: u64 = 1 << 20;
const MOST_RECIPIENTS: usize = 100;
const PATIENCE: Duration = Duration::from_mins(5);

pub(super) async fn serve(mailbox: Mailbox, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let mailbox = mailbox.clone();
                tokio::spawn(async move {
                    // The end of a conversation, whichever way, is the sender's matter.
                    let _ = tokio::time::timeout(PATIENCE, Conversation::new(mailbox, stream).run()).await;
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the played mail server could not take a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

struct Conversation {
    mailbox: Mailbox,
    lines: BufReader<OwnedReadHalf>,
    out: OwnedWriteHalf,
    sender: Option<String>,
    recipients: Vec<String>,
}

/// What a command leads to.
enum Next {
    Go(&'static str),
    End(&'static str),
    Text,
}

impl Conversation {
    fn new(mailbox: Mailbox, stream: TcpStream) -> Conversation {
        let (read, out) = stream.into_split();
        Conversation { mailbox, lines: BufReader::new(read), out, sender: None, recipients: Vec::new() }
    }

    async fn run(mut self) -> io::Result<()> {
        if take(&mut self.mailbox.state().storm.closed) {
            return self.say("421 mail.example.com too busy, try later").await;
        }
        self.say("220 mail.example.com ESMTP played by Vekha").await?;
        loop {
            let Some(line) = self.line(LONGEST_LINE).await? else { return Ok(()) };
            let line = String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned();
            match self.obey(&line) {
                Next::Go(answer) => self.say(answer).await?,
                Next::End(answer) => return self.say(answer).await,
                Next::Text => {
                    self.say("354 go on, end with a dot on a line of its own").await?;
                    if !self.letter().await? {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn obey(&mut self, line: &str) -> Next {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => {
                self.reset();
                Next::Go("250-mail.example.com\r\n250-PIPELINING\r\n250-SIZE 26214400\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 SMTPUTF8")
            }
            "HELO" => {
                self.reset();
                Next::Go("250 mail.example.com")
            }
            "MAIL" => self.mail(rest),
            "RCPT" => self.rcpt(rest),
            "DATA" if self.sender.is_none() || self.recipients.is_empty() => Next::Go("503 5.5.1 sender and recipient first"),
            "DATA" => Next::Text,
            "RSET" => {
                self.reset();
                Next::Go("250 2.0.0 forgotten")
            }
            "NOOP" => Next::Go("250 2.0.0 here"),
            "VRFY" => Next::Go("252 2.1.5 try it"),
            "QUIT" => Next::End("221 2.0.0 goodbye"),
            _ => Next::Go("502 5.5.2 unknown command"),
        }
    }

    fn mail(&mut self, rest: &str) -> Next {
        let Some((address, options)) = path_after(rest, "FROM:") else { return Next::Go("501 5.5.4 MAIL FROM:<address>") };
        let size = options.split_ascii_whitespace().find_map(|option| option.to_ascii_uppercase().strip_prefix("SIZE=")?.parse::<usize>().ok());
        match (self.sender.is_some(), size) {
            (true, _) => Next::Go("503 5.5.1 one sender is enough"),
            (_, Some(size)) if size > LARGEST => Next::Go("552 5.3.4 too large"),
            _ => {
                self.sender = Some(address.to_owned());
                Next::Go("250 2.1.0 ok")
            }
        }
    }

    fn rcpt(&mut self, rest: &str) -> Next {
        let Some((address, _)) = path_after(rest, "TO:") else { return Next::Go("501 5.5.4 RCPT TO:<address>") };
        let known = address.rsplit_once('@').is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty());
        let mut state = self.mailbox.state();
        match () {
            () if self.sender.is_none() => Next::Go("503 5.5.1 sender first"),
            () if take(&mut state.storm.greylist) => Next::Go("451 4.7.1 greylisted, try later"),
            () if take(&mut state.storm.unknown) || !known => Next::Go("550 5.1.1 no such person here"),
            () if self.recipients.len() == MOST_RECIPIENTS => Next::Go("452 4.5.3 too many recipients"),
            () => {
                self.recipients.push(address.to_owned());
                Next::Go("250 2.1.5 ok")
            }
        }
    }

    /// Reads a letter to its end and answers; `false` when the connection is over.
    async fn letter(&mut self) -> io::Result<bool> {
        let mut raw = Vec::new();
        let mut too_large = false;
        loop {
            let Some(line) = self.line(LONGEST_TEXT_LINE).await? else { return Ok(false) };
            if line == b".\r\n" || line == b".\n" {
                break;
            }
            // A line that begins with a dot was given one more.
            raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            if raw.len() > LARGEST {
                too_large = true;
                raw.clear();
            }
        }
        let (sender, recipients) = (self.sender.take().unwrap_or_default(), std::mem::take(&mut self.recipients));
        let (refuse, full, lost) = {
            let mut state = self.mailbox.state();
            (take(&mut state.storm.refuse), take(&mut state.storm.full), take(&mut state.storm.lost_answers))
        };
        let answer = match () {
            () if too_large => "552 5.3.4 too large",
            () if refuse => "554 5.7.1 refused by policy",
            () if full => "452 4.2.2 mailbox full, try later",
            () => {
                self.mailbox.keep(&sender, &recipients, &raw);
                "250 2.0.0 kept"
            }
        };
        if lost {
            return Ok(false);
        }
        self.say(answer).await?;
        Ok(true)
    }

    fn reset(&mut self) {
        self.sender = None;
        self.recipients.clear();
    }

    /// One line with its end; `None` when the sender has gone.
    async fn line(&mut self, longest: u64) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let read = (&mut self.lines).take(longest).read_until(b'\n', &mut line).await?;
        if read > 0 && line.last() != Some(&b'\n') {
            self.say("500 5.5.2 line too long or cut short").await?;
            return Ok(None);
        }
        Ok((read > 0).then_some(line))
    }

    async fn say(&mut self, answer: &str) -> io::Result<()> {
        self.out.write_all(format!("{answer}\r\n").as_bytes()).await
    }
}

/// The address between angle brackets, and what stands behind them.
fn path_after<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let text = text.trim_start();
    let head = text.get(..word.len())?;
    let rest = text[word.len()..].trim_start().strip_prefix('<')?;
    head.eq_ignore_ascii_case(word).then_some(())?;
    rest.split_once('>')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_stands_between_brackets() {
        assert_eq!(path_after("FROM:<a@b.ru> SIZE=10", "FROM:"), Some(("a@b.ru", " SIZE=10")));
        assert_eq!(path_after("from: <>", "FROM:"), Some(("", "")));
        assert_eq!(path_after("FROM:a@b.ru", "FROM:"), None);
        assert_eq!(path_after("TO:<a@b>", "FROM:"), None);
        assert_eq!(path_after("Ж", "FROM:"), None);
    }
}
