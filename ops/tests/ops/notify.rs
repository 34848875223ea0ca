//! `ops notify` with real servers, and a stand-in for a channel.

use serde_json::Value;
use testkit::{FakeGateway, Reply, Sandbox, until};

use crate::program::{NOBODY, Ops};

/// An `ops` that tells a webhook everything, as soon as it has seen it twice.
fn told_to(ops: Ops, channels: &str) -> Ops {
    ops.set("ALIPAY__NOTIFY__CHANNELS", channels)
        .set("ALIPAY__NOTIFY__OPEN_AFTER", "1ms")
        .set("ALIPAY__NOTIFY__CLEAR_AFTER", "1ms")
        .set("ALIPAY__NOTIFY__EVERY", "10s")
        .set("ALIPAY__CONSOLE__PUBLIC_URL", "https://console.example/alipay/")
}

fn hook(name: &str, stand_in: &FakeGateway) -> String {
    let url = &stand_in.url;
    format!("{name} = {{ kind = \"webhook\", url = \"{url}\", language = \"en\" }}")
}

fn stand_in() -> FakeGateway {
    FakeGateway::start(Reply::text("{}")).unwrap()
}

/// The alarms in the messages that have come: cause and kind, sorted.
fn alarms(stand_in: &FakeGateway) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for request in stand_in.requests() {
        all.extend(read(&request));
    }
    all.sort();
    all
}

fn read(request: &str) -> Vec<(String, String)> {
    let (_, body) = request.split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    let alarms = body["data"]["alarms"].as_array().unwrap().iter();
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    alarms.map(|alarm| (word(&alarm["cause"]), word(&alarm["kind"]))).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(cause, kind)| ((*cause).to_owned(), (*kind).to_owned())).collect()
}

#[test]
fn a_cause_is_told_once_across_restarts_and_then_cleared() {
    let (sandbox, stand_in) = (Sandbox::new(), stand_in());
    let ops = Ops::with_schema(&sandbox).with_shop();
    ops.run("topology apply").done();
    let ops = told_to(ops, &format!("{{ {} }}", hook("team", &stand_in)));
    ops.run("notify --once").done();
    assert_eq!(alarms(&stand_in), [], "seen once");
    ops.run("notify --once").done();
    let request = stand_in.next_request().unwrap();
    assert_eq!(read(&request), pairs(&[("no_workers", "opened")]));
    assert!(request.contains("\"link\":\"https://console.example/alipay/\""), "{request}");
    // Each run is a program of its own.
    let third = ops.json("notify --once");
    assert_eq!(
        (&third["causes"][0]["cause"], &third["sent"]),
        (&"no_workers".into(), &Value::Array(Vec::new()))
    );
    assert_eq!(alarms(&stand_in), []);
    let _worker = ops.worker();
    until("no worker is missing", || {
        let report = ops.json("notify --once");
        report["causes"].as_array().unwrap().is_empty()
    });
    until("it is told to be gone", || {
        ops.run("notify --once").done();
        alarms(&stand_in) == pairs(&[("no_workers", "cleared")])
    });
}

#[test]
fn two_at_once_tell_everything_once() {
    let (sandbox, stand_in) = (Sandbox::new(), stand_in());
    let ops = Ops::with_schema(&sandbox).with_shop();
    ops.run("topology apply").done();
    let ops = told_to(ops, &format!("{{ {} }}", hook("team", &stand_in)));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..3).for_each(|_| drop(ops.run("notify --once").done())));
        }
    });
    assert_eq!(alarms(&stand_in), pairs(&[("no_workers", "opened")]));
}

#[test]
fn a_channel_that_fails_delays_no_other_and_is_told_there() {
    let (sandbox, good) = (Sandbox::new(), stand_in());
    let ops = Ops::with_schema(&sandbox).with_shop();
    ops.run("topology apply").done();
    let hanging = FakeGateway::start(Reply::Stall(Vec::new())).unwrap();
    let channels = format!("{{ {}, {} }}", hook("good", &good), hook("hanging", &hanging));
    let ops = told_to(ops, &channels);
    ops.run("notify --once").done();
    let tried = ops.run("notify --once").ended(3, "channel hanging: no answer within 10 s");
    assert!(!tried.stderr.contains("channel good"), "{}", tried.stderr);
    assert_eq!(alarms(&good), pairs(&[("no_workers", "opened")]));
    // It is tried again after a pause: the row says so.
    let mut database = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    let due = "UPDATE alarm_message SET attempts = 3, due_at = due_at + INTERVAL 1 HOUR WHERE sent_at IS NULL";
    diesel::connection::SimpleConnection::batch_execute(&mut *database, due).unwrap();
    ops.run("notify --once").done();
    ops.run("notify --once").done();
    let failed = [("channel_fails/hanging", "opened")];
    assert_eq!(alarms(&good), pairs(&failed));
}

#[test]
fn a_database_that_is_away_is_told_without_it() {
    let (sandbox, stand_in) = (Sandbox::broker_only(), stand_in());
    let ops = Ops::at(NOBODY.0, &sandbox.amqp_url).with_shop();
    ops.run("topology apply").done();
    let ops = told_to(ops, &format!("{{ {} }}", hook("team", &stand_in)));
    ops.run("notify --once").done();
    let told = alarms(&stand_in);
    assert!(told.contains(&("database_not_asked".to_owned(), "opened".to_owned())), "{told:?}");
    // A program that goes on does not repeat it.
    let mut daemon = ops.start(&["notify"]);
    daemon.wait_for_line("notify ready channels=1");
    let request = stand_in.next_request().unwrap();
    assert!(read(&request).contains(&("database_not_asked".to_owned(), "opened".to_owned())));
    daemon.terminate();
    daemon.wait();
    assert_eq!(alarms(&stand_in), []);
    assert!(!request.contains("secret"), "{request}");
}

#[test]
fn a_rehearsal_and_a_test_message_write_nothing() {
    let (sandbox, stand_in) = (Sandbox::new(), stand_in());
    let ops = Ops::with_schema(&sandbox).with_shop();
    ops.run("topology apply").done();
    let ops = told_to(ops, &format!("{{ {} }}", hook("team", &stand_in)));
    let report = ops.json("notify --dry-run");
    assert_eq!(
        (&report["causes"][0]["cause"], &report["causes"][0]["told"]),
        (&"no_workers".into(), &"opened".into())
    );
    assert_eq!(alarms(&stand_in), []);
    ops.run("notify --test-message").done();
    assert_eq!(alarms(&stand_in), pairs(&[("test_message", "opened")]));
    stand_in.reply(Reply::Status(500, Vec::new()));
    ops.run("notify --test-message").ended(3, "channel team: status 500");
    Ops::with_schema(&sandbox).run("notify --once").ended(2, "no channel is configured");
}
