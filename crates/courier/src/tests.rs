//! The courier against tiny servers that behave and misbehave.

use super::*;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// Accepts so many connections, each treated by `treat`; what it returns is told to the test.
fn server(connections: usize, treat: impl Fn(TcpStream) -> Vec<String> + Send + 'static) -> (SocketAddr, Receiver<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (says, hears) = channel();
    thread::spawn(move || {
        for stream in listener.incoming().take(connections).flatten() {
            stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            let _ = says.send(treat(stream));
        }
    });
    (address, hears)
}

/// Reads one request; its head lines and its body as the last line.
fn hear(stream: &TcpStream) -> Vec<String> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        lines.push(line.trim_end().to_owned());
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    lines.push(String::from_utf8(body).unwrap());
    lines
}

fn answering(answer: &'static str) -> (SocketAddr, Receiver<Vec<String>>) {
    server(1, move |mut stream| {
        let heard = hear(&stream);
        stream.write_all(answer.as_bytes()).unwrap();
        heard
    })
}

fn post(address: SocketAddr) -> Request {
    Request {
        method: Method::Post,
        url: format!("http://{address}/Messages.json?a=1"),
        headers: vec![("authorization".into(), "Basic eDp5".into())],
        body: b"To=1".to_vec(),
        timeout: Duration::from_secs(2),
    }
}

#[test]
fn a_request_arrives_as_it_was_written_and_the_answer_comes_back() {
    let (address, heard) = answering("HTTP/1.1 201 Created\r\nRetry-After: 7\r\ncontent-length: 2\r\n\r\nok");
    let reply = Courier::new().send(&post(address), true).unwrap();
    assert_eq!((reply.status, reply.body.as_slice(), reply.header("retry-after")), (201, &b"ok"[..], Some("7")));
    let heard = heard.recv().unwrap();
    assert_eq!(heard[0], "POST /Messages.json?a=1 HTTP/1.1");
    assert!(heard.contains(&"authorization: Basic eDp5".to_owned()), "{heard:?}");
    assert_eq!(heard.last().unwrap(), "To=1");
}

#[test]
fn a_redirect_is_an_answer_and_is_not_followed() {
    let (address, _heard) = answering("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(Courier::new().send(&post(address), true).unwrap().status, 302);
}

#[test]
fn an_inner_address_is_refused_by_number_and_by_name() {
    let (address, heard) = answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let courier = Courier::new();
    for url in [
        format!("http://{address}/"),
        format!("http://localhost:{}/", address.port()),
        format!("http://[::ffff:7f00:1]:{}/", address.port()),
        format!("http://0x7f000001:{}/", address.port()),
    ] {
        let refused = courier.send(&Request { url: url.clone(), ..post(address) }, false);
        assert!(matches!(refused, Err(Trouble::NotSent { retry: false, .. })), "{url}: {refused:?}");
    }
    let server = SmtpServer { host: "localhost".into(), port: address.port(), tls: Tls::None, user: String::new(), password: String::new() };
    assert!(matches!(courier.mail(&server, &letter(), false), Err(Trouble::NotSent { retry: false, .. })));
    assert!(heard.try_recv().is_err(), "somebody was called");
}

#[test]
fn only_web_addresses_are_called() {
    for url in ["file:///etc/passwd", "ftp://example.com/", "gopher://example.com/", "http://", "x", ""] {
        let refused = Courier::new().send(&Request { url: url.into(), ..post("127.0.0.1:1".parse().unwrap()) }, true);
        assert!(matches!(refused, Err(Trouble::NotSent { retry: false, .. })), "{url}: {refused:?}");
    }
}

#[test]
fn a_refused_connection_was_surely_not_sent() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert!(matches!(Courier::new().send(&post(address), true), Err(Trouble::NotSent { retry: true, .. })));
}

#[test]
fn a_handshake_that_fails_was_surely_not_sent() {
    let (address, _heard) = server(1, |mut stream| {
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        Vec::new()
    });
    let request = Request { url: format!("https://{address}/"), ..post(address) };
    assert!(matches!(Courier::new().send(&request, true), Err(Trouble::NotSent { retry: true, .. })));
}

#[test]
fn silence_and_a_hung_up_line_are_unknown() {
    let (silent, _kept) = server(1, |stream| {
        hear(&stream);
        thread::sleep(Duration::from_secs(3));
        Vec::new()
    });
    let short = Request { timeout: Duration::from_millis(200), ..post(silent) };
    assert!(matches!(Courier::new().send(&short, true), Err(Trouble::Unknown { .. })));
    let (hung_up, _heard) = server(1, |stream| hear(&stream));
    assert!(matches!(Courier::new().send(&post(hung_up), true), Err(Trouble::Unknown { .. })));
    let (broken, _heard) = answering("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf");
    assert!(matches!(Courier::new().send(&post(broken), true), Err(Trouble::Unknown { .. })));
}

#[test]
fn an_answer_without_end_is_unknown_and_not_kept() {
    let (address, _heard) = server(1, |mut stream| {
        hear(&stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
        while stream.write_all(&[b'x'; 65_536]).is_ok() {}
        Vec::new()
    });
    assert!(matches!(Courier::new().send(&post(address), true), Err(Trouble::Unknown { why }) if why.contains("1 MiB")));
}

#[test]
fn a_host_that_fails_ten_times_is_paused() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let courier = Courier::new();
    for _ in 0..10 {
        assert!(matches!(courier.send(&post(address), true), Err(Trouble::NotSent { .. })));
    }
    assert!(matches!(courier.send(&post(address), true), Err(Trouble::Paused { .. })));
}

#[test]
fn secrets_do_not_stand_in_debug_output() {
    let shown = format!(
        "{:?} {:?} {:?}",
        post("127.0.0.1:1".parse().unwrap()),
        letter(),
        SmtpServer { host: "h".into(), port: 25, tls: Tls::Tls, user: "u".into(), password: "p4ss".into() }
    );
    for secret in ["eDp5", "a=1", "To=1", "ivanov", "p4ss"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

fn letter() -> Mail {
    Mail {
        from: "info@vekha.example".into(),
        from_name: "Долговая защита".into(),
        to: "ivanov@example.com".into(),
        reply_to: String::new(),
        subject: "Итоги\r\nBcc: evil@example.com".into(),
        text: "Здравствуйте!\n.\nточка".into(),
        message_id: "<m.7.abc@crm.example.com>".into(),
        date_seconds: 1_795_158_930,
    }
}

/// A mail server that answers each command by its first word; everything it heard is told to the test.
fn mail_server(answer: fn(&str) -> &'static str) -> (SmtpServer, Receiver<Vec<String>>) {
    let (address, heard) = server(1, move |stream| {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut writer = stream;
        let mut heard = Vec::new();
        let mut text = false;
        writer.write_all(b"220 ready\r\n").unwrap();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return heard;
            }
            let line = line.trim_end().to_owned();
            heard.push(line.clone());
            let word = if text { if line == "." { "." } else { continue } } else { line.split([' ', ':']).next().unwrap() };
            text = word == "DATA" && answer(word).starts_with('3');
            match answer(word) {
                "" => return heard,
                answer => writer.write_all(format!("{answer}\r\n").as_bytes()).unwrap(),
            }
        }
    });
    (SmtpServer { host: "127.0.0.1".into(), port: address.port(), tls: Tls::None, user: String::new(), password: String::new() }, heard)
}

fn friendly(word: &str) -> &'static str {
    match word {
        "EHLO" => "250-hello\r\n250 8BITMIME",
        "DATA" => "354 go on",
        "." => "250 2.0.0 queued as 42",
        "QUIT" => "221 bye",
        _ => "250 ok",
    }
}

#[test]
fn a_letter_arrives_whole_with_its_own_id_and_one_receiver() {
    let (server, heard) = mail_server(friendly);
    assert!(Courier::new().mail(&server, &letter(), true).unwrap().contains("queued as 42"));
    let heard = heard.recv().unwrap();
    let all = heard.join("\n");
    assert_eq!(heard.iter().filter(|line| line.starts_with("RCPT")).collect::<Vec<_>>(), ["RCPT TO:<ivanov@example.com>"]);
    assert!(heard.contains(&"Message-ID: <m.7.abc@crm.example.com>".to_owned()), "{all}");
    assert!(heard.iter().any(|line| line.starts_with("Date: Fri, 20 Nov 2026 07:15:30")), "{all}");
    assert!(!heard.iter().any(|line| line.starts_with("Bcc")), "{all}");
}

#[test]
fn a_server_that_says_later_or_never_is_told_apart_from_one_that_says_nothing() {
    let busy = |word: &str| if word == "RCPT" { "451 try later ivanov@example.com" } else { friendly(word) };
    assert!(
        matches!(Courier::new().mail(&mail_server(busy).0, &letter(), true), Err(Trouble::Rejected { code: 451, permanent: false, why }) if !why.contains("ivanov"))
    );
    let gone = |word: &str| if word == "RCPT" { "550 5.1.1 no such user" } else { friendly(word) };
    assert!(matches!(Courier::new().mail(&mail_server(gone).0, &letter(), true), Err(Trouble::Rejected { code: 550, permanent: true, .. })));
    let late = |word: &str| if word == "." { "554 spam" } else { friendly(word) };
    assert!(matches!(Courier::new().mail(&mail_server(late).0, &letter(), true), Err(Trouble::Rejected { code: 554, .. })));
    let silent = |word: &str| if word == "." { "" } else { friendly(word) };
    assert!(matches!(Courier::new().mail(&mail_server(silent).0, &letter(), true), Err(Trouble::Unknown { .. })));
    let early = |word: &str| if word == "MAIL" { "" } else { friendly(word) };
    assert!(matches!(Courier::new().mail(&mail_server(early).0, &letter(), true), Err(Trouble::NotSent { retry: true, .. })));
}

#[test]
fn without_the_wanted_encryption_nothing_is_sent() {
    let (server, heard) = mail_server(friendly);
    let server = SmtpServer { tls: Tls::StartTls, ..server };
    assert!(matches!(Courier::new().mail(&server, &letter(), true), Err(Trouble::NotSent { retry: false, .. })));
    assert!(!heard.recv().unwrap().iter().any(|line| line.starts_with("MAIL")));
}
