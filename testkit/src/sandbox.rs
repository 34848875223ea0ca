//! A schema and a vhost for one test.
#![expect(clippy::panic, reason = "a test without servers cannot go on; the message says why")]

use std::io::{Error, ErrorKind, Result};
use std::process::{Command, Stdio};

use rand::RngExt;

use crate::management;
use crate::server_url::ServerUrl;

/// An empty schema and an empty vhost that no other test uses. Dropped when the value is.
///
/// Declare it before the programs that use it: values are dropped in reverse order.
///
/// ```no_run
/// use testkit::{Program, Sandbox};
///
/// let sandbox = Sandbox::new();
/// let mut worker = Program::start("worker", &[], &sandbox.environment());
/// worker.wait_until_ready();
/// ```
#[derive(Debug)]
pub struct Sandbox {
    /// `mysql://…/NAME`, empty without a database.
    pub database_url: String,
    /// `amqp://…/NAME`, empty without a broker.
    pub amqp_url: String,
    name: String,
    database: Option<ServerUrl>,
    admin: Option<ServerUrl>,
    /// Whether it has accounts of its own.
    accounts: bool,
}

impl Sandbox {
    /// A schema and a vhost on the servers that `DATABASE_URL`, `AMQP_URL` and `AMQP_ADMIN_URL`
    /// name (the last defaults to `http://HOST:15672` with the user of `AMQP_URL`).
    ///
    /// # Panics
    /// A variable is not set or the server refuses.
    pub fn new() -> Sandbox {
        Sandbox::of(true, true)
    }

    /// A schema alone.
    ///
    /// # Panics
    /// As [`Sandbox::new`].
    pub fn database_only() -> Sandbox {
        Sandbox::of(true, false)
    }

    /// A vhost alone.
    ///
    /// # Panics
    /// As [`Sandbox::new`].
    pub fn broker_only() -> Sandbox {
        Sandbox::of(false, true)
    }

    /// The name of the schema and of the vhost.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `DATABASE_URL` and `AMQP_URL` for a child process, as far as they exist.
    pub fn environment(&self) -> Vec<(&str, &str)> {
        [("DATABASE_URL", self.database_url.as_str()), ("AMQP_URL", self.amqp_url.as_str())]
            .into_iter()
            .filter(|(_, url)| !url.is_empty())
            .collect()
    }

    /// The same with accounts of its own on both servers, whose password is `password`: for tests that look
    /// where a password appears.
    ///
    /// # Panics
    /// As [`Sandbox::new`].
    pub fn with_password(password: &str) -> Sandbox {
        let mut sandbox = Sandbox::new();
        let account = |url: &str, name: &str| {
            let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
            let server = rest.rsplit_once('@').map_or(rest, |(_, server)| server);
            format!("{scheme}://{name}:{password}@{server}")
        };
        let name = sandbox.name.clone();
        if let Some(server) = &sandbox.database {
            let sql = format!(
                "CREATE USER {name} IDENTIFIED BY '{password}'; GRANT ALL ON {name}.* TO {name}"
            );
            if let Err(error) = statement(server, &sql) {
                panic!("testkit: no account {name}: {error}");
            }
            sandbox.database_url = account(&sandbox.database_url, &name);
        }
        if let Some(admin) = &sandbox.admin {
            if let Err(error) = management::create_user(admin, &name, &name, password) {
                panic!("testkit: no account {name}: {error}");
            }
            sandbox.amqp_url = account(&sandbox.amqp_url, &name);
        }
        sandbox.accounts = true;
        sandbox
    }

    fn of(with_database: bool, with_broker: bool) -> Sandbox {
        let number: u64 = rand::rng().random();
        let mut sandbox = Sandbox {
            database_url: String::new(),
            amqp_url: String::new(),
            name: format!("test_{number:016x}"),
            database: None,
            admin: None,
            accounts: false,
        };
        if with_database {
            let server = server("DATABASE_URL");
            sandbox.database_url = server.with_path(&sandbox.name);
            let create = format!("CREATE DATABASE {} CHARACTER SET utf8mb4", sandbox.name);
            if let Err(error) = statement(&server, &create) {
                panic!("testkit: {create}: {error}");
            }
            sandbox.database = Some(server);
        }
        if with_broker {
            let broker = server("AMQP_URL");
            sandbox.amqp_url = broker.with_path(&sandbox.name);
            let admin = admin(&broker);
            if let Err(error) = management::create_vhost(&admin, &sandbox.name, &broker.user) {
                panic!(
                    "testkit: no vhost by http://{}:{}: {error}\n\
                     (`rabbitmq-plugins enable rabbitmq_management`, or set AMQP_ADMIN_URL)",
                    admin.host, admin.port
                );
            }
            sandbox.admin = Some(admin);
        }
        sandbox
    }
}

impl Default for Sandbox {
    fn default() -> Sandbox {
        Sandbox::new()
    }
}

impl Drop for Sandbox {
    #[expect(clippy::print_stderr, reason = "the test runner shows it beside the test")]
    fn drop(&mut self) {
        if let Some(admin) = self.admin.take() {
            if let Err(error) = management::delete_vhost(&admin, &self.name) {
                eprintln!("testkit: vhost {} stays: {error}", self.name);
            }
            if self.accounts
                && let Err(error) = management::delete_user(&admin, &self.name)
            {
                eprintln!("testkit: user {} stays: {error}", self.name);
            }
        }
        if let Some(database) = self.database.take() {
            // A transaction that somebody left open would hold the statement for a day.
            let mut drop = format!("SET lock_wait_timeout = 10; DROP DATABASE {}", self.name);
            if self.accounts {
                drop.push_str(&format!("; DROP USER {}", self.name));
            }
            if let Err(error) = statement(&database, &drop) {
                eprintln!("testkit: schema {} stays: {error}", self.name);
            }
        }
    }
}

fn server(variable: &str) -> ServerUrl {
    let url = std::env::var(variable).unwrap_or_default();
    if url.is_empty() {
        panic!(
            "{variable} is not set: run through `make test`, or \
             `target/debug/testkit run -- cargo nextest run -p CRATE`"
        );
    }
    // The value is not shown: it may hold a password.
    ServerUrl::read(&url)
        .unwrap_or_else(|| panic!("{variable} is not scheme://user@host:port/name"))
}

fn admin(broker: &ServerUrl) -> ServerUrl {
    if std::env::var("AMQP_ADMIN_URL").is_ok_and(|url| !url.is_empty()) {
        return server("AMQP_ADMIN_URL");
    }
    ServerUrl { port: 15672, ..broker.clone() }
}

/// Runs a statement by the command line client, which comes with the server's package.
fn statement(server: &ServerUrl, sql: &str) -> Result<()> {
    for client in ["mariadb", "mysql"] {
        let mut command = Command::new(client);
        command
            // First, and alone: no file of the user's may change what follows.
            .arg("--no-defaults")
            .args(["--protocol=tcp", "--host", &server.host, "--port", &server.port.to_string()])
            .args(["--user", &server.user, "--execute", sql])
            .env("MYSQL_PWD", &server.password)
            .stdin(Stdio::null());
        match command.output() {
            Ok(output) if output.status.success() => return Ok(()),
            Ok(output) => {
                let message = String::from_utf8_lossy(&output.stderr);
                return Err(Error::other(message.trim().to_owned()));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::other("the mariadb command line client is missing: run scripts/install-services"))
}
