//! `ops notify` with real servers, and a stand-in for a channel.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use diesel::connection::SimpleConnection as _;

use serde_json::Value;
use testkit::{FakeGateway, FaultProxy, Reply, Sandbox, until};

use crate::dead_cohorts::{configured, notification};
use crate::dead_letters::bury;
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
    database.batch_execute(due).unwrap();
    ops.run("notify --once").done();
    ops.run("notify --once").done();
    let failed = [("channel_fails/hanging", "opened")];
    assert_eq!(alarms(&good), pairs(&failed));
    // That its message is given up does not mean that it works.
    let a_day_later = "UPDATE alarm_message SET created_at = created_at - INTERVAL 25 HOUR WHERE channel = 'hanging'";
    database.batch_execute(a_day_later).unwrap();
    (0..3).for_each(|_| drop(ops.run("notify --once").done()));
    assert_eq!(alarms(&good), []);
    // That it takes another one does.
    hanging.reply(Reply::text("{}"));
    let another = "INSERT INTO alarm_message (channel, cause, kind, urgency, content, created_at, due_at) \
        SELECT 'hanging', 'another', kind, urgency, content, created_at, created_at \
        FROM alarm_message WHERE channel = 'good' LIMIT 1";
    database.batch_execute(another).unwrap();
    (0..3).for_each(|_| drop(ops.run("notify --once").done()));
    assert_eq!(alarms(&good), pairs(&[("channel_fails/hanging", "cleared")]));
}

#[test]
fn once_repeats_nothing_where_it_cannot_write() {
    let (sandbox, stand_in) = (Sandbox::new(), stand_in());
    let ops = Ops::with_schema(&sandbox).with_shop();
    ops.run("topology apply").done();
    let ops = told_to(ops, &format!("{{ {} }}", hook("team", &stand_in)));
    (0..2).for_each(|_| drop(ops.run("notify --once").done()));
    assert_eq!(alarms(&stand_in), pairs(&[("no_workers", "opened")]));
    let mut database = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    database.batch_execute("RENAME TABLE alarm_message TO alarm_message_away").unwrap();
    ops.run("notify --once").done();
    assert_eq!(alarms(&stand_in), []);
    database.batch_execute("RENAME TABLE alarm TO alarm_away").unwrap();
    ops.run("notify --once").ended(3, "what was told before cannot be read");
    assert_eq!(alarms(&stand_in), []);
}

/// Waits for this alarm. Returns those that came before it.
#[track_caller]
fn wait_for(stand_in: &FakeGateway, cause: &str, kind: &str) -> Vec<(String, String)> {
    let wanted = (cause.to_owned(), kind.to_owned());
    let mut came = Vec::new();
    until(&format!("{cause} is told: {kind}"), || {
        came.extend(alarms(stand_in));
        came.contains(&wanted)
    });
    came.retain(|alarm| *alarm != wanted);
    came
}

#[test]
fn an_outage_of_the_database_is_told_once_and_its_end() {
    let (sandbox, stand_in) = (Sandbox::new(), stand_in());
    Ops::with_schema(&sandbox).with_shop().run("topology apply").done();
    let proxy = FaultProxy::in_front_of(&sandbox.database_url).unwrap();
    let ops = Ops::at(&proxy.url(&sandbox.database_url), &sandbox.amqp_url).with_shop();
    let ops = told_to(ops, &format!("{{ {} }}", hook("team", &stand_in)));
    let _daemon = ops.start(&["notify"]);
    assert_eq!(wait_for(&stand_in, "no_workers", "opened"), []);
    proxy.cut();
    assert_eq!(wait_for(&stand_in, "database_not_asked", "opened"), []);
    proxy.resume();
    // What was told from memory is not told again with the table.
    assert_eq!(wait_for(&stand_in, "database_not_asked", "cleared"), []);
    let mut database = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    let rows = store::alarm::all(&mut database).unwrap();
    let causes: Vec<&str> = rows.iter().map(|row| row.cause.as_str()).collect();
    assert_eq!(causes, ["no_workers"]);
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
fn an_ingress_that_has_stopped_is_not_told_to_be_back_by_a_restart() {
    let (sandbox, stand_in, ingress) =
        (Sandbox::new(), stand_in(), FakeGateway::start(Reply::text("ready")).unwrap());
    let ops = Ops::with_schema(&sandbox).with_shop();
    ops.run("topology apply").done();
    let address = ingress.url.strip_prefix("http://").unwrap().trim_end_matches("/gateway.do");
    let ops = told_to(ops, &format!("{{ {} }}", hook("team", &stand_in)))
        .set("ALIPAY__INGRESS__ADMIN_LISTEN", address);
    let mut daemon = ops.start(&["notify"]);
    // It has looked twice, so it has seen the ingress.
    assert_eq!(wait_for(&stand_in, "no_workers", "opened"), []);
    ingress.reply(Reply::Status(404, Vec::new()));
    assert_eq!(wait_for(&stand_in, "ingress_down", "opened"), []);
    daemon.terminate();
    daemon.wait();
    // Each of these is a program that never saw the ingress.
    (0..3).for_each(|_| drop(ops.run("notify --once").done()));
    assert_eq!(alarms(&stand_in), []);
    ingress.reply(Reply::text("ready"));
    (0..3).for_each(|_| drop(ops.run("notify --once").done()));
    assert_eq!(alarms(&stand_in), pairs(&[("ingress_down", "cleared")]));
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

#[test]
fn a_dead_letter_is_told_mended_and_told_to_be_gone() {
    let (sandbox, stand_in) = (Sandbox::new(), stand_in());
    let ops = told_to(configured(&sandbox), &format!("{{ {} }}", hook("team", &stand_in)));
    ops.run("order create A-1 --merchant shop --product gift").done();
    bury(&ops, &sandbox, vec![notification("id-1", "A-1", "1.00", 1)]);
    let _worker = ops.worker();
    let of_letters = || -> Vec<(String, String)> {
        alarms(&stand_in)
            .into_iter()
            .filter(|(cause, _)| cause.starts_with("dead_letters"))
            .collect()
    };
    until("the letter is told", || {
        ops.run("notify --once").done();
        of_letters() == pairs(&[("dead_letters/total_mismatch", "opened")])
    });
    // Another reason is another cause.
    let mut other = notification("id-2", "A-2", "1.00", 2);
    other.headers.reason = Some("order_not_found".to_owned());
    bury(&ops, &sandbox, vec![other]);
    until("the other reason is told", || {
        ops.run("notify --once").done();
        of_letters() == pairs(&[("dead_letters/order_not_found", "opened")])
    });
    let mut database = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    database.batch_execute("UPDATE user_order SET total_fee = 100 WHERE id = 'A-1'").unwrap();
    ops.run("dlq replay --reason total_mismatch").done();
    until("it is told to be gone", || {
        ops.run("notify --once").done();
        of_letters() == pairs(&[("dead_letters/total_mismatch", "cleared")])
    });
}

#[test]
fn quiet_hours_hold_what_is_not_urgent_and_end_in_one_message() {
    let (sandbox, stand_in) = (Sandbox::new(), stand_in());
    let ops = told_to(configured(&sandbox), &format!("{{ {} }}", hook("team", &stand_in)));
    bury(&ops, &sandbox, vec![notification("id-1", "A-1", "1.00", 1)]);
    // From one minute after midnight to midnight, whatever the time is here.
    let asleep = ops.clone().set("ALIPAY__NOTIFY__QUIET", "00:01-00:00");
    let asleep = asleep.set("ALIPAY__NOTIFY__UTC_OFFSET", midday());
    asleep.run("notify --once").done();
    asleep.run("notify --once").done();
    assert_eq!(alarms(&stand_in), pairs(&[("no_workers", "opened")]));
    // The night is over.
    let mut database = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    let morning = "UPDATE alarm_message SET due_at = created_at WHERE sent_at IS NULL";
    database.batch_execute(morning).unwrap();
    asleep.run("notify --once").done();
    assert_eq!(alarms(&stand_in), pairs(&[("dead_letters/total_mismatch", "opened")]));
}

/// An offset at which it is about midday now.
fn midday() -> &'static str {
    match chrono::Timelike::hour(&chrono::Utc::now()) {
        0..8 => "+08:00",
        8..16 => "+00:00",
        _ => "-08:00",
    }
}

/// A server that takes mail: RFC 5321 and 4954 as far as a client needs them.
struct MailServer {
    port: u16,
    mails: Receiver<String>,
}

impl MailServer {
    fn start() -> MailServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, mails) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that goes away ends its connection alone.
                let _ = MailServer::serve(stream, &sender);
            }
        });
        MailServer { port, mails }
    }

    fn serve(stream: TcpStream, mails: &Sender<String>) -> std::io::Result<()> {
        let mut answer = stream.try_clone()?;
        let mut lines = BufReader::new(stream).lines();
        answer.write_all(b"220 stand-in\r\n")?;
        while let Some(line) = lines.next().transpose()? {
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
            let said = match verb.as_str() {
                "EHLO" => "250-stand-in\r\n250 AUTH PLAIN\r\n",
                "AUTH" if line.ends_with(&STANDARD.encode("\0user\0p@ss-hunter2")) => "235 yes\r\n",
                "AUTH" => "535 wrong user or password\r\n",
                "DATA" => {
                    answer.write_all(b"354 go on\r\n")?;
                    let mail = lines.by_ref().map_while(Result::ok).take_while(|line| line != ".");
                    let mail: Vec<String> = mail.collect();
                    let _ = mails.send(mail.join("\n"));
                    "250 taken\r\n"
                }
                "RCPT" if line.contains("gone@") => "550 no such mailbox\r\n",
                "QUIT" => "221 bye\r\n",
                _ => "250 yes\r\n",
            };
            answer.write_all(said.as_bytes())?;
        }
        Ok(())
    }
}

#[test]
fn mail_is_taken_by_a_server_that_asks_for_a_password() {
    let server = MailServer::start();
    let to = |addresses: &str, password: &str| {
        let url = format!("smtp://user:{password}@127.0.0.1:{}", server.port);
        let mail = format!(
            "{{ mail = {{ kind = \"mail\", url = \"{url}\", from = \"a@shop.example\", to = [{addresses}] }} }}"
        );
        told_to(Ops::at(NOBODY.0, NOBODY.1).with_shop(), &mail)
    };
    let both = "\"b@shop.example\", \"c@shop.example\"";
    let with = |password: &str| to(both, password);
    with("p%40ss-hunter2").run("notify --test-message").done();
    let mail = server.mails.recv_timeout(testkit::WAIT_LIMIT).unwrap();
    let (head, body) = mail.split_once("\n\n").unwrap();
    assert!(head.contains("From: a@shop.example"), "{head}");
    assert!(head.contains("To: b@shop.example, c@shop.example"), "{head}");
    assert!(head.contains("Message-ID: <"), "{head}");
    assert!(head.contains("Content-Transfer-Encoding: base64"), "{head}");
    let text = STANDARD.decode(body.replace('\n', "")).unwrap();
    let text = String::from_utf8(text).unwrap().replace("\r\n", "\n");
    assert!(text.starts_with("【待办】测试消息\n此通道可以收到告警\n"), "{text}");
    assert!(text.contains("打开控制台: https://console.example/alipay/"), "{text}");
    // A mailbox that is gone keeps the mail from no other one.
    let one_gone = to("\"gone@shop.example\", \"b@shop.example\"", "p%40ss-hunter2");
    one_gone.run("notify --test-message").done();
    let all_gone = to("\"gone@shop.example\"", "p%40ss-hunter2");
    all_gone.run("notify --test-message").ended(3, "no such mailbox");
    let refused = with("wrong-hunter2").run("notify --test-message").ended(3, "535");
    assert!(!refused.stderr.contains("hunter2"), "{}", refused.stderr);
}
