//! Mail: SMTP with TLS from the first byte (RFC 8314), or with STARTTLS (RFC 3207), which is never left out but on this machine.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use config::{Channel, MailAddresses};
use lettre::address::Envelope;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncTransport as _, Tokio1Executor};
use percent_encoding::percent_decode_str;
use tracing::warn;
use url::Url;

use crate::operations::notify::notice::{Bulletin, Paragraph};
use crate::operations::notify::words;

/// The ports of RFC 6409 and RFC 8314.
const SUBMISSION: u16 = 587;
const SUBMISSIONS: u16 = 465;

/// Sends.
///
/// # Errors
/// What is wrong with the configuration, or what the server says.
pub(super) async fn send(
    channel: &Channel,
    bulletin: &Bulletin<'_>,
    at: DateTime<Utc>,
) -> Result<(), String> {
    let Some(addresses) = &channel.mail else { return Err("has no addresses".to_owned()) };
    let message = message(addresses, bulletin, at)?;
    let transport = transport(channel.url.expose_secret())?;
    let (from, bytes) = (message.envelope().from(), message.formatted());
    // One for each, so that a mailbox that is gone does not keep the mail from the others.
    let sends = message.envelope().to().iter().map(async |to| {
        let envelope = Envelope::new(from.cloned(), vec![to.clone()]);
        let envelope = envelope.map_err(|error| error.to_string())?;
        let sent = transport.send_raw(&envelope, &bytes).await;
        sent.map(|_| ()).map_err(|error| format!("to {to}: {error}"))
    });
    let sent = futures_util::future::join_all(sends).await;
    let is_taken = sent.iter().any(Result::is_ok);
    let refused: Vec<String> = sent.into_iter().filter_map(Result::err).collect();
    match refused.is_empty() {
        true => Ok(()),
        false if is_taken => {
            let why = super::without_secrets(channel, &refused.join("; "));
            warn!("the mail went to others only: {why}");
            Ok(())
        }
        false => Err(refused.join("; ")),
    }
}

fn transport(url: &str) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
    // The error of the parser could quote the password.
    let url = Url::parse(url).map_err(|_| "the address is no URL".to_owned())?;
    let host = url.host_str().ok_or("the address has no host")?;
    let parameters = || TlsParameters::new(host.to_owned()).map_err(|error| error.to_string());
    let (tls, port) = match url.scheme() {
        "smtps" => (Tls::Wrapper(parameters()?), SUBMISSIONS),
        _ if is_here(host) => (Tls::None, SUBMISSION),
        _ => (Tls::Required(parameters()?), SUBMISSION),
    };
    let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
        .port(url.port().unwrap_or(port))
        .tls(tls)
        // The caller limits the time of all answers together.
        .timeout(None);
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    Ok(match url.password() {
        Some(password) => {
            let credentials = Credentials::new(decoded(url.username()), decoded(password));
            transport.credentials(credentials).build()
        }
        None => transport.build(),
    })
}

/// Nobody is between this program and a server on the same machine.
fn is_here(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

fn message(
    addresses: &MailAddresses,
    bulletin: &Bulletin<'_>,
    at: DateTime<Utc>,
) -> Result<Message, String> {
    let mailbox = |address: &String| {
        address.parse::<Mailbox>().map_err(|error| format!("{address:?} is no address: {error}"))
    };
    let mut message = Message::builder()
        .from(mailbox(&addresses.from)?)
        .subject(bulletin.subject())
        .date(SystemTime::from(at))
        .message_id(None)
        .header(ContentType::TEXT_PLAIN);
    for address in &addresses.to {
        message = message.to(mailbox(address)?);
    }
    message.body(text(bulletin)).map_err(|error| error.to_string())
}

/// Plain text, which no reader of mail interprets.
fn text(bulletin: &Bulletin<'_>) -> String {
    let parts = bulletin.paragraphs().map(|Paragraph { heading, lines, link }| {
        let link = link.map(|link| format!("{}: {link}", words::open_console(bulletin.language)));
        let lines = std::iter::once(heading).chain(lines).chain(link);
        lines.map(|line| format!("{line}\n")).collect::<String>()
    });
    parts.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_server_on_this_machine_is_spoken_to_in_plain_text() {
        for (host, here) in [
            ("localhost", true),
            ("127.0.0.1", true),
            ("[::1]", true),
            ("localhost.example.com", false),
            ("127.0.0.1.example.com", false),
            ("smtp.example.com", false),
        ] {
            assert_eq!(is_here(host), here, "{host}");
        }
    }
}
