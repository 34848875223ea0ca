//! The handles with which fault tests break servers.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::io::Read;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use testkit::{
    BrokerKind, Database, DatabaseKind, DatabaseOptions, Folder, RabbitMq, Servers, Wanted,
    until_ok,
};

/// With what the version of a database begins.
fn first_of(kind: DatabaseKind) -> &'static str {
    match kind {
        DatabaseKind::Installed => "1",
        DatabaseKind::MariaDb11 => "11.8.",
        DatabaseKind::MySql => "9.",
    }
}

fn one_node(kind: BrokerKind) -> BrokerKind {
    if kind == BrokerKind::Cluster { BrokerKind::RabbitMq4 } else { kind }
}

#[test]
fn servers_come_back_at_their_address() {
    let folder = Arc::new(Folder::create().unwrap());
    let path = folder.path().to_owned();
    let wanted = Wanted {
        broker: Some(one_node(BrokerKind::selected().unwrap())),
        database: Some(DatabaseKind::selected().unwrap()),
    };
    let mut servers = Servers::start(folder, wanted, |_| {}).unwrap();

    let database = servers.database.as_mut().unwrap();
    let (url, pid) = (database.url(), database.pid());
    database.kill();
    assert!(!database.is_running());
    assert_eq!(database.version(), None);
    database.start_again().unwrap();
    assert_eq!(database.url(), url);
    assert_ne!(database.pid(), pid);
    let version = database.version().unwrap();
    assert!(version.starts_with(first_of(database.kind())), "{version}");

    // Paused, the kernel still accepts the connection, and nobody speaks.
    database.pause();
    let mut silent = TcpStream::connect(("127.0.0.1", database.port())).unwrap();
    silent.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    assert!(silent.read(&mut [0]).is_err());
    database.resume();
    silent.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    assert_eq!(silent.read(&mut [0]).unwrap(), 1);

    let broker = servers.brokers.first_mut().unwrap();
    let (url, pid) = (broker.url(), broker.pid());
    broker.kill();
    assert_eq!(broker.version(), None);
    broker.start_again().unwrap();
    assert_eq!(broker.url(), url);
    assert_ne!(broker.pid(), pid);
    assert!(broker.version().is_some());
    let seconds = broker.control(&["eval", "os:system_time(second)."]).unwrap();
    let distance = seconds.parse::<i64>().unwrap() - chrono::Utc::now().timestamp();
    assert!(distance.abs() < 60, "the broker's clock is {distance} s away");

    drop(servers);
    assert!(!path.exists());
}

/// What it says in another language must not be waited for in English.
#[test]
fn a_database_takes_more_arguments() {
    let folder = Arc::new(Folder::create().unwrap());
    let french = match DatabaseKind::selected().unwrap() {
        DatabaseKind::Installed | DatabaseKind::MariaDb11 => "--lc-messages=es_ES",
        DatabaseKind::MySql => "--lc-messages=fr_FR",
    };
    let arguments = vec![french.to_owned(), "--require-secure-transport=ON".to_owned()];
    let options = DatabaseOptions { arguments, ..DatabaseOptions::default() };
    let mut database = Database::start_with(&folder, &options).unwrap();
    assert_eq!(value_of(&database, "require_secure_transport"), Err(()), "in plain text");
    database.stop();
    database.set_arguments(&["--read-only=ON"]);
    database.start_again().unwrap();
    assert_eq!(value_of(&database, "read_only").as_deref(), Ok("1"));
}

/// A variable of the server by a client without TLS; an error where the server refuses that.
fn value_of(database: &Database, variable: &str) -> Result<String, ()> {
    let output = std::process::Command::new("mariadb")
        .args(["--no-defaults", "--skip-ssl", "--protocol=tcp", "-h127.0.0.1", "-uroot"])
        .args([&format!("-P{}", database.port()), "-Ne", &format!("SELECT @@{variable}")])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    if output.status.success() { Ok(text.trim_end().to_owned()) } else { Err(()) }
}

#[test]
fn a_cluster_goes_on_without_one_node() {
    let folder = Arc::new(Folder::create().unwrap());
    let kind = BrokerKind::selected().unwrap();
    let mut nodes = RabbitMq::start_cluster(&folder, kind, 3).unwrap();
    // How many nodes a node is connected to, itself included.
    let wait = |broker: &RabbitMq, count: usize| {
        until_ok(&format!("{count} nodes"), || {
            let connected = broker.control(&["eval", "length(nodes()) + 1."]).unwrap();
            if connected == count.to_string() { Ok(()) } else { Err(connected) }
        });
    };
    wait(&nodes[2], 3);
    nodes[0].kill();
    wait(&nodes[2], 2);
    nodes[0].start_again().unwrap();
    wait(&nodes[2], 3);

    nodes[0].cut_peers().unwrap();
    wait(&nodes[2], 2);
    wait(&nodes[0], 1);
    nodes[0].join_peers().unwrap();
    wait(&nodes[2], 3);
    assert_ne!(nodes[0].node(), nodes[1].node());
}
