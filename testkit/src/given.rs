//! Servers that the environment names: they must answer before a command is run on them.

use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::server_url::ServerUrl;

/// How long a server of the environment may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// A variable that names a server that runs already, and those that go with it.
struct Given {
    variable: &'static str,
    /// What else is exported with it, and has to go with it.
    with: &'static [&'static str],
    server: &'static str,
}

const GIVEN: [Given; 2] = [
    Given { variable: "DATABASE_URL", with: &["TESTKIT_DATABASE"], server: "MariaDB" },
    Given {
        variable: "AMQP_URL",
        with: &["AMQP_URLS", "AMQP_ADMIN_URL", "TESTKIT_BROKER"],
        server: "RabbitMQ",
    },
];

/// Looks whether the servers of `DATABASE_URL` and `AMQP_URL` accept connections, where these are set.
///
/// # Errors
/// One does not: often the exports of an earlier run, whose servers are gone. The text names the variable, the
/// place and what to unset; it quotes no URL, which holds a password.
pub fn check_given_servers() -> Result<(), String> {
    check(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
}

fn check(variable: impl Fn(&str) -> Option<String>) -> Result<(), String> {
    let mut dead = Vec::new();
    for given in &GIVEN {
        let Some(url) = variable(given.variable) else { continue };
        if let Err(why) = answers(&url) {
            dead.push((given, why));
        }
    }
    if dead.is_empty() {
        return Ok(());
    }
    let problems: Vec<String> =
        dead.iter().map(|(given, why)| format!("{} is set, and {why}", given.variable)).collect();
    let is_set = |name: &&&str| variable(name).is_some();
    let unset: Vec<&str> = dead
        .iter()
        .flat_map(|(given, _)| std::iter::once(&given.variable).chain(given.with).filter(is_set))
        .copied()
        .collect();
    let servers: Vec<&str> = dead.iter().map(|(given, _)| given.server).collect();
    Err(format!(
        "{}\nOften these are exports of an earlier run, whose servers are gone. To have servers of its own started:\n  \
         unset {}\nor start that {} again.",
        problems.join("\n"),
        unset.join(" "),
        servers.join(" and ")
    ))
}

fn answers(url: &str) -> Result<(), String> {
    let Some(ServerUrl { host, port, .. }) = ServerUrl::read(url) else {
        return Err("it is no URL scheme://USER:PASSWORD@HOST:PORT/NAME".to_owned());
    };
    let place = format!("{host}:{port}");
    // A name that has no address here may have one for the command, which tells. Private servers, of which exports are
    // left, have an address.
    let Ok(addresses) = (host.as_str(), port).to_socket_addrs() else { return Ok(()) };
    let mut last = Ok(());
    for address in addresses {
        match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
            Ok(_) => return Ok(()),
            Err(error) => last = Err(format!("nothing answers at {place} ({error})")),
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::check;

    fn checked(variables: &[(&str, &str)]) -> Result<(), String> {
        check(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn servers_that_are_gone_are_named_with_what_to_unset() {
        let (database, broker) =
            ("mysql://root:secret@127.0.0.1:1/alipay", "amqp://guest:secret@127.0.0.1:1/%2f");
        let text = checked(&[
            ("DATABASE_URL", database),
            ("AMQP_URL", broker),
            ("AMQP_ADMIN_URL", "http://guest:secret@127.0.0.1:1"),
        ])
        .unwrap_err();
        for says in [
            "DATABASE_URL is set, and nothing answers at 127.0.0.1:1",
            "AMQP_URL is set, and nothing answers at 127.0.0.1:1",
            // What is not set need not be unset.
            "\n  unset DATABASE_URL AMQP_URL AMQP_ADMIN_URL\n",
            "start that MariaDB and RabbitMQ again",
        ] {
            assert!(text.contains(says), "{text}");
        }
        assert!(!text.contains("secret"), "{text}");
        let text = checked(&[("AMQP_URL", "guest:secret@somewhere")]).unwrap_err();
        assert!(text.contains("it is no URL") && !text.contains("secret"), "{text}");
    }

    #[test]
    fn servers_that_answer_and_none_at_all_are_right() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("amqp://guest:guest@{}/%2f", listener.local_addr().unwrap());
        assert_eq!(checked(&[("AMQP_URL", &url)]), Ok(()));
        assert_eq!(checked(&[]), Ok(()));
        assert_eq!(checked(&[("AMQP_URL", "amqp://no-such-host.invalid")]), Ok(()));
    }
}
