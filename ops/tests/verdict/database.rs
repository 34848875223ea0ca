//! The database takes no writes.

use std::sync::Arc;

use diesel::connection::SimpleConnection as _;
use testkit::{Database, Folder, Sandbox};

use crate::shop::{Shop, codes, ops_of};

#[test]
fn a_read_only_database_is_reported_with_its_start() {
    let folder = Arc::new(Folder::create().unwrap());
    let database = Database::start(&folder).unwrap();
    let root = |sql: &str| {
        let mut connection = store::Pool::new(&database.url(), 1).get().unwrap();
        connection.batch_execute(sql).unwrap();
    };
    root("CREATE USER shop@'%'; GRANT ALL ON alipay.* TO shop@'%'");
    let mut sandbox = Sandbox::broker_only();
    sandbox.database_url = database.url().replace("root@", "shop@");
    let shop = Shop::new(sandbox);
    let _worker = shop.worker();
    shop.ops.run("status").done();

    root("SET GLOBAL read_only = 1");
    shop.ops.run("status").names("database_read_only", "database read-only");
    // An account that may still write does not count.
    let as_root = ops_of(&database.url(), &shop.sandbox.amqp_url);
    let text = as_root.run("status").ended(1, "wrong").stdout;
    assert!(text.contains("database read-only") && text.contains("can still write"), "{text}");
    // The worker's latest heartbeat says since when. It is not called gone.
    let status = shop.wait_for("since when", |status| {
        status["findings"][0]["seen"]
            .as_str()
            .is_some_and(|seen| seen.contains("read-only since 20"))
    });
    assert_eq!(codes(&status), ["database_read_only"], "{status:#}");

    root("SET GLOBAL read_only = 0");
    shop.wait_for_codes(&[]);
}

#[test]
fn unreachable_servers_are_reported_beside_all_other_findings() {
    use crate::program::NOBODY;
    let shop = Shop::new(Sandbox::new());
    let no_database = ops_of(NOBODY.0, &shop.sandbox.amqp_url);
    let answer = no_database.run("status").ended(3, "database");
    let lines: Vec<&str> = answer.stdout.lines().collect();
    assert!(lines[0].starts_with("not everything could be asked"), "{}", answer.stdout);
    assert!(lines[1].starts_with("NOW   database_not_asked: "), "{}", answer.stdout);
    assert!(
        answer.stdout.contains("no_workers") && answer.stdout.contains("alipay.dead"),
        "{}",
        answer.stdout
    );
    let no_broker = ops_of(&shop.sandbox.database_url, NOBODY.1);
    let status = no_broker.run("status --output json").ended(3, "broker").json();
    assert_eq!(
        (codes(&status), status["verdict"].as_str()),
        (vec!["broker_not_asked"], Some("not_all_asked"))
    );
    // A schema that is not there.
    let empty = Sandbox::database_only();
    let status = ops_of(&empty.database_url, &shop.sandbox.amqp_url).run("status --output json");
    let status = status.ended(3, "ops migrate").json();
    assert_eq!(codes(&status)[0], "database_not_asked");
    // An unusable configuration is an error, not a finding.
    ops_of("mysql://", &shop.sandbox.amqp_url).run("status").ended(2, "mysql://USER");
}
