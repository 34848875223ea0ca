//! The handles with which fault tests break servers.

use std::io::Read;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use testkit::{Folder, Servers, Wanted};

#[test]
fn servers_come_back_at_their_address() {
    let folder = Arc::new(Folder::create().unwrap());
    let path = folder.path().to_owned();
    let mut servers = Servers::start(folder, Wanted::BOTH, |_| {}).unwrap();

    let database = servers.mariadb.as_mut().unwrap();
    let (url, pid) = (database.url(), database.pid());
    database.kill();
    assert!(!database.is_running());
    assert_eq!(database.version(), None);
    database.start_again().unwrap();
    assert_eq!(database.url(), url);
    assert_ne!(database.pid(), pid);
    assert!(database.version().is_some_and(|version| version.starts_with("1")));

    // Paused, the kernel still accepts the connection, and nobody speaks.
    database.pause();
    let mut silent = TcpStream::connect(("127.0.0.1", database.port())).unwrap();
    silent.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    assert!(silent.read(&mut [0]).is_err());
    database.resume();
    silent.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    assert_eq!(silent.read(&mut [0]).unwrap(), 1);

    let broker = servers.rabbitmq.as_mut().unwrap();
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
