//! What is said of a database that cannot be reached: where, as whom, who said so, and what to do.

#![allow(clippy::expect_used, clippy::panic, reason = "a test")]

use diesel::prelude::*;
use diesel::sql_query;
use store::{DatabaseSettings, Pool, StoreError};
use testkit::{FaultProxy, Sandbox};

const PASSWORD: &str = "sesame-4711";

fn settings(url: &str) -> DatabaseSettings {
    let source = Some("environment variable DATABASE_URL".to_owned());
    DatabaseSettings { source, ..DatabaseSettings::new(url) }
}

/// The URL of the sandbox with another user and password.
fn as_user(sandbox: &Sandbox, user: &str, password: &str) -> String {
    let (_, rest) = sandbox.database_url.split_once('@').expect("a user");
    format!("mysql://{user}:{password}@{rest}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_ends_the_wait_and_says_what_to_do() {
    let sandbox = Sandbox::database_only();
    let (server, _) = sandbox.database_url.rsplit_once('/').expect("a schema");
    let stranger = as_user(&sandbox, "stranger", PASSWORD);
    let nowhere = format!("{server}/no_such_schema");
    for (url, words, to_do) in [
        (&stranger, "Access denied for user 'stranger'", "write @ as %40"),
        (&nowhere, "Unknown database 'no_such_schema'", "CREATE DATABASE"),
    ] {
        let error = Pool::silent(settings(url), 1).get().map(drop).expect_err("refused");
        assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
        let text = error.to_string();
        // MySQL asks a user that it does not know for one of its plugins, a different one on each server.
        let (words, to_do) = if text.contains("authentication plugin sha256_password") {
            ("the server asks for", "there is no such user")
        } else {
            (words, to_do)
        };
        for word in [words, to_do, "127.0.0.1:", "(environment variable DATABASE_URL)"] {
            assert!(text.contains(word), "{text:?} does not say {word:?}");
        }
        assert!(!text.contains(PASSWORD) && !text.contains("timed out"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_name_and_a_wrong_port_are_told_apart() {
    for (url, says) in [
        ("mysql://root@no-such-host.invalid/alipay", "the name has no address"),
        ("mysql://root@127.0.0.1:1/alipay", "nothing accepts connections there"),
    ] {
        let error = store::connect_once(settings(url)).map(drop).expect_err("not reached");
        assert!(matches!(error, StoreError::Away(_)), "{error:?}");
        assert!(error.to_string().contains(says), "{error}");
        assert!(error.to_string().contains("as \"root\" (environment variable"), "{error}");
    }
    // HTTP, which waits for a request as the database's client waits for a greeting.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("mysql://root@{}/alipay", silent.local_addr().expect("an address"));
    let error = Pool::silent(settings(&url), 1).get().map(drop).expect_err("silent");
    assert!(error.to_string().contains("is that the port of MySQL or MariaDB"), "{error}");
}

/// libmariadb and MySQL's client take `localhost` for the Unix socket, whatever the port is. Here a port is a
/// port: the line goes through whatever listens there.
#[tokio::test(flavor = "multi_thread")]
async fn localhost_with_a_port_is_that_port() {
    let sandbox = Sandbox::database_only();
    let line = FaultProxy::in_front_of(&sandbox.database_url).expect("a proxy");
    let url = line.url(&sandbox.database_url).replace("127.0.0.1", "localhost");
    assert!(url.contains("localhost:"), "{url}");
    let pool = Pool::silent(settings(&url), 1);
    let mut connection = pool.get().expect("a connection");
    sql_query("DO 0").execute(&mut connection).expect("it answers");
    line.cut();
    let error = sql_query("DO 0").execute(&mut connection).map_err(StoreError::from);
    assert!(error.expect_err("by the socket of the server").is_outage());
}
