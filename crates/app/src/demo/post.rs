//! The hand with which the played vendors call the firm: one plain HTTP/1.1 request per connection, only to this machine.
//!
//! It is not the product's way out (that is `courier`): it stands for Twilio's own machines.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Twilio's own patience: 15 s for a callback.
const PATIENCE: Duration = Duration::from_secs(15);
/// Longest answer that is read.
const LONGEST_ANSWER: u64 = 1 << 20;

/// Knows where the firm's public address really is.
#[derive(Debug, Clone)]
pub struct Post {
    public_url: String,
    reach: SocketAddr,
}

/// What the firm answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// HTTP status.
    pub status: u16,
    /// The text, at most a megabyte.
    pub body: String,
}

impl Post {
    /// `public_url` is what stands in addresses, `reach` where it is listened.
    pub fn new(public_url: &str, reach: SocketAddr) -> Post {
        Post { public_url: public_url.to_owned(), reach }
    }

    /// Posts a form.
    ///
    /// # Errors
    /// `ConnectionRefused` and the like when nobody listens, `TimedOut` after 15 s, `InvalidInput` for an address that is
    /// neither the firm's own nor on this machine.
    pub async fn form(&self, url: &str, headers: &[(&str, String)], body: &str) -> io::Result<Answered> {
        let call = self.call(url, headers, body);
        tokio::time::timeout(PATIENCE, call).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }

    async fn call(&self, url: &str, headers: &[(&str, String)], body: &str) -> io::Result<Answered> {
        let (host, path) = host_and_path(url).ok_or_else(|| refused("not a web address"))?;
        let mut stream = TcpStream::connect(self.target(url, host)?).await?;
        let mut head = format!("POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nUser-Agent: TwilioProxy/1.1\r\n");
        head.push_str("Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(LONGEST_ANSWER).read_to_end(&mut answer).await?;
        parse_answer(&answer).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not an HTTP answer"))
    }

    fn target(&self, url: &str, host: &str) -> io::Result<SocketAddr> {
        let own = url.strip_prefix(&self.public_url).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
        if own {
            return Ok(self.reach);
        }
        let (name, port) = host.rsplit_once(':').unwrap_or((host, "80"));
        let name = if name == "localhost" { "127.0.0.1" } else { name.trim_matches(['[', ']']) };
        let address: IpAddr = name.parse().map_err(|_| refused("the played vendors call only this machine"))?;
        match address.is_loopback() {
            true => Ok(SocketAddr::new(address, port.parse().map_err(|_| refused("no port"))?)),
            false => Err(refused("the played vendors call only this machine")),
        }
    }
}

fn refused(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

/// Host with port, and path with query; the fragment is never sent.
fn host_and_path(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"))?;
    let rest = rest.split('#').next()?;
    let at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(at);
    let clean = !host.is_empty() && !rest.contains(|sign: char| sign.is_control() || sign == ' ');
    clean.then_some((host, if path.is_empty() { "/" } else { path }))
}

fn parse_answer(bytes: &[u8]) -> Option<Answered> {
    let text = String::from_utf8_lossy(bytes);
    let status = text.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok()?;
    let body = text.split_once("\r\n\r\n").map_or("", |parts| parts.1).to_owned();
    Some(Answered { status, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_firm_and_this_machine_are_called() {
        let post = Post::new("https://crm.example.com", SocketAddr::from(([127, 0, 0, 1], 8480)));
        let target = |url: &str| post.target(url, host_and_path(url).unwrap().0).map(|to| to.to_string()).ok();
        assert_eq!(target("https://crm.example.com/hooks/x?a=1").as_deref(), Some("127.0.0.1:8480"));
        assert_eq!(target("http://localhost:99/x").as_deref(), Some("127.0.0.1:99"));
        for foreign in ["http://10.0.0.1/x", "https://crm.example.com.evil.org/x", "http://example.org/"] {
            assert_eq!(target(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn an_address_is_taken_apart() {
        assert_eq!(host_and_path("http://a:1/b?c#rc=3"), Some(("a:1", "/b?c")));
        assert_eq!(host_and_path("http://a"), Some(("a", "/")));
        assert_eq!(host_and_path("http://a/b\r\nX: y"), None);
        assert_eq!(host_and_path("ftp://a/b"), None);
    }
}
