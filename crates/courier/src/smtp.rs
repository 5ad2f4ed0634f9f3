//! One letter handed to one mail server, command by command: only a failure after the text was sent is *unknown*.

use crate::guard::{is_private, resolve};
use crate::{LONGEST_WAIT, Mail, SmtpServer, Tls, Trouble};
use lettre::address::Envelope;
use lettre::message::header::{ContentType, MIME_VERSION_1_0};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{CertificateStore, SmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as From, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use std::time::{Duration, Instant, SystemTime};

/// One answer of the server.
const COMMAND: Duration = Duration::from_secs(8);
/// Everything before the text. Together with the text it stays below the lease of a job.
const PRELUDE: Duration = Duration::from_secs(40);

/// Hands the letter over; the server's last words.
pub fn send(server: &SmtpServer, mail: &Mail, private_allowed: bool) -> Result<String, Trouble> {
    let (envelope, bytes) = write(mail)?;
    let addresses = resolve(&server.host, server.port, private_allowed)?;
    let begun = Instant::now();
    let mut line = connect(server, &addresses)?;
    let options = options(&line, &envelope, &bytes)?;
    line.command(From::new(envelope.from().cloned(), options)).map_err(before)?;
    for to in envelope.to() {
        line.command(Rcpt::new(to.clone(), Vec::new())).map_err(before)?;
    }
    if begun.elapsed() > PRELUDE {
        return Err(Trouble::not_sent("the mail server is too slow"));
    }
    line.command(Data).map_err(before)?;
    line.set_timeout(Some(LONGEST_WAIT)).map_err(|error| Trouble::not_sent(error.to_string()))?;
    let answer = line.message(&bytes).map_err(after)?;
    // The letter is theirs now; how the line ends does not matter.
    let _ = line.quit();
    Ok(answer.first_line().unwrap_or_default().chars().take(200).collect())
}

/// The letter as bytes, and its envelope.
fn write(mail: &Mail) -> Result<(Envelope, Vec<u8>), Trouble> {
    let wrong = |what: &str| Trouble::never(format!("{what} is no address of e-mail"));
    let address = |text: &str, what: &str| text.trim().parse::<lettre::Address>().map_err(|_| wrong(what));
    let from = Mailbox::new((!mail.from_name.is_empty()).then(|| one_line(&mail.from_name)), address(&mail.from, "the sender")?);
    let to = Mailbox::new(None, address(&mail.to, "the receiver")?);
    let mut letter = MessageBuilder::new()
        .from(from)
        .to(to)
        .subject(one_line(&mail.subject))
        .date(SystemTime::UNIX_EPOCH + Duration::from_secs(mail.date_seconds))
        .message_id(Some(one_line(&mail.message_id)));
    if !mail.reply_to.is_empty() {
        letter = letter.reply_to(Mailbox::new(None, address(&mail.reply_to, "the address for answers")?));
    }
    let letter = letter.header(MIME_VERSION_1_0).header(ContentType::TEXT_PLAIN).body(mail.text.clone()).map_err(|error| Trouble::never(error.to_string()))?;
    Ok((letter.envelope().clone(), letter.formatted()))
}

fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

fn connect(server: &SmtpServer, addresses: &[std::net::SocketAddr]) -> Result<SmtpConnection, Trouble> {
    let hello = ClientId::Domain("vekha".to_owned());
    let tls = match server.tls {
        Tls::None => None,
        Tls::StartTls | Tls::Tls => Some(tls(&server.host)?),
    };
    let wrapped = if server.tls == Tls::Tls { tls.as_ref() } else { None };
    let tried = &addresses[..addresses.len().min(2)];
    let mut line = SmtpConnection::connect(tried, Some(COMMAND), &hello, wrapped, None).map_err(before)?;
    if let (Tls::StartTls, Some(tls)) = (server.tls, &tls) {
        if !line.can_starttls() {
            return Err(Trouble::never("the mail server offers no encryption"));
        }
        line.starttls(tls, &hello).map_err(before)?;
    }
    if !server.user.is_empty() {
        if !line.is_encrypted() && !tried.iter().all(|address| is_private(address.ip())) {
            return Err(Trouble::never("a password is not sent over an open line"));
        }
        let credentials = Credentials::new(server.user.clone(), server.password.clone());
        line.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).map_err(before)?;
    }
    Ok(line)
}

fn tls(host: &str) -> Result<TlsParameters, Trouble> {
    let machine_has_none = rustls_native_certs::load_native_certs().certs.is_empty();
    let store = if machine_has_none { CertificateStore::WebpkiRoots } else { CertificateStore::Default };
    TlsParameters::builder(host.to_owned()).certificate_store(store).build_rustls().map_err(|error| Trouble::never(error.to_string()))
}

fn options(line: &SmtpConnection, envelope: &Envelope, bytes: &[u8]) -> Result<Vec<MailParameter>, Trouble> {
    let mut options = Vec::new();
    if envelope.to().iter().chain(envelope.from()).any(|address| !AsRef::<str>::as_ref(address).is_ascii()) {
        if !line.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Err(Trouble::never("the mail server takes only latin addresses"));
        }
        options.push(MailParameter::SmtpUtfEight);
    }
    if !bytes.is_ascii() {
        if !line.server_info().supports_feature(Extension::EightBitMime) {
            return Err(Trouble::never("the mail server takes only seven-bit letters"));
        }
        options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    Ok(options)
}

/// A failure before the text was sent: surely not carried out.
fn before(error: Error) -> Trouble {
    match rejected(&error) {
        Some(rejected) => rejected,
        None => Trouble::NotSent { retry: !error.is_client(), why: reason(&error) },
    }
}

/// A failure after the text was sent: a "no" is a no, silence is unknown.
fn after(error: Error) -> Trouble {
    rejected(&error).unwrap_or_else(|| Trouble::Unknown { why: reason(&error) })
}

fn rejected(error: &Error) -> Option<Trouble> {
    let code: u16 = error.status()?.into();
    Some(Trouble::Rejected { code, why: reason(error), permanent: error.is_permanent() })
}

/// The kind of the failure; a server's own words may hold addresses and are cut off.
fn reason(error: &Error) -> String {
    let text = error.to_string();
    match error.status() {
        Some(_) => text.split(':').next().unwrap_or_default().to_owned(),
        None => text,
    }
}
