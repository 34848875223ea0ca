//! What a broker that refuses a connection means, and what to do about it.

use config::ENCODE;
use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};
use lapin::{Error, ErrorKind};

use super::address::BrokerAddress;

/// The broker's words, and what to do; `None` where the broker did not refuse this account or virtual host, so
/// that trying again can help.
pub(super) fn explain(error: &Error, address: &BrokerAddress) -> Option<String> {
    let ErrorKind::ProtocolError(refusal) = error.kind() else { return None };
    let words = refusal.get_message();
    let user = address.user();
    match refusal.kind() {
        AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) if user == "guest" => Some(format!(
            "{words} (user or password is wrong; and RabbitMQ allows guest only from its own machine: make a user \
             for the programs, scripts/broker-accounts; {ENCODE})"
        )),
        AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) => {
            Some(format!("{words} (user or password is wrong; {ENCODE})"))
        }
        // A limit of connections is over when others end.
        AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED) if words.as_str().contains("limit") => None,
        AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED) => {
            Some(format!("{words} ({})", of_vhost(address)))
        }
        _ => None,
    }
}

fn of_vhost(address: &BrokerAddress) -> String {
    let (vhost, user) = (address.vhost(), address.user());
    if vhost.is_empty() {
        return "the URL ends with / and so names a virtual host without a name: the default one is /%2F, or nothing \
                behind the port"
            .to_owned();
    }
    format!(
        "the URL names the virtual host {vhost:?}: is it there (rabbitmqctl list_vhosts), and may {user:?} use it \
         (rabbitmqctl list_permissions -p {vhost})? The default one is written /%2F"
    )
}

/// Which other kind of server listens at the port, recognised by the first bytes that it sends; `None`: it may be a broker.
pub(super) fn not_amqp(first: &[u8]) -> Option<&'static str> {
    match first {
        [b'H', b'T', b'T', b'P', ..] => Some(
            "an HTTP server listens there, such as RabbitMQ's management (port 15672): take the port of AMQP, \
             mostly 5672, or with amqps:// 5671",
        ),
        [b'S', b'S', b'H', b'-', ..] => {
            Some("an SSH server listens there: take the port of AMQP, mostly 5672")
        }
        // The length of a packet in three bytes, its number 0, and the protocol's version 10.
        [_, 0, 0, 0, 0x0a, ..] => {
            Some("a MySQL or MariaDB server listens there: take the port of AMQP, mostly 5672")
        }
        [b'A', b'M', b'Q', b'P', ..] => Some(
            "what listens there speaks another version of AMQP than 0-9-1 (RabbitMQ has it by itself; other brokers \
             do not)",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::not_amqp;

    #[test]
    fn other_servers_are_told_by_their_first_bytes() {
        for (first, says) in [
            (&b"HTTP/1.1 400 Bad Request\r\n"[..], "15672"),
            (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH"),
            (b"\x5a\x00\x00\x00\x0a5.5.5-10.11.4-MariaDB", "MySQL or MariaDB"),
            (b"AMQP\x03\x01\x00\x00", "another version"),
        ] {
            let text = not_amqp(first).unwrap_or_else(|| panic!("{first:?}"));
            assert!(text.contains(says), "{text}");
        }
        // A method frame on channel 0, with which a broker begins.
        assert_eq!(not_amqp(b"\x01\x00\x00\x00\x00\x01\xfd\x00\x0a\x00\x0a"), None);
        assert_eq!(not_amqp(b""), None);
    }
}
