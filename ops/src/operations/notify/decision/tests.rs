#![allow(clippy::unwrap_used, reason = "a failed test panics")]

use config::{ChannelKind, QuietHours, Secret};
use order::AlarmSource;
use service::language::Language;

use super::super::cause::Words;
use super::*;

const ALL: Asked = Asked {
    database: true,
    broker: true,
    management: true,
    topology: true,
    ingress: true,
    refusals: true,
    reasons: true,
    no_letters: false,
};

fn settings() -> Notify {
    Notify {
        every: Duration::from_secs(60),
        open_after: Duration::from_secs(120),
        clear_after: Duration::from_secs(300),
        remind_after: Duration::from_hours(4),
        quiet: None,
        quiet_urgency: Urgency::Now,
        channels: std::collections::BTreeMap::new(),
    }
}

fn cause(id: &str, urgency: Urgency) -> SeenCause {
    let words = |title: &str| Words {
        title: title.to_owned(),
        seen: "seen".to_owned(),
        to_do: "act".to_owned(),
    };
    let text =
        CauseText { chinese: words("积压"), english: words("backlog"), page: "/".to_owned() };
    SeenCause { id: id.to_owned(), source: AlarmSource::Broker, urgency, text }
}

fn minute(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + minutes * 60, 0).unwrap()
}

/// Looks of which each sees or does not see the cause, and what is told at which minute.
struct Story {
    rows: Vec<AlarmRow>,
    told: Vec<(i64, AlarmMessageKind)>,
}

impl Story {
    fn new() -> Story {
        Story { rows: Vec::new(), told: Vec::new() }
    }

    fn look(&mut self, at: i64, seen: &[SeenCause], asked: &Asked) {
        let before = std::mem::take(&mut self.rows);
        let decisions = Decisions::of(before, seen, asked, &settings(), minute(at));
        self.rows = decisions.alarms;
        self.told.extend(decisions.news.iter().map(|news| (at, news.kind)));
    }

    fn look_every_minute(&mut self, minutes: std::ops::Range<i64>, seen: &[SeenCause]) {
        minutes.for_each(|at| self.look(at, seen, &ALL));
    }
}

#[test]
fn a_cause_is_told_once_reminded_of_and_cleared() {
    use AlarmMessageKind::{Cleared, Opened, Reminder};
    let mut story = Story::new();
    let seen = [cause("backlog", Urgency::Now)];
    story.look_every_minute(0..500, &seen);
    story.look_every_minute(500..510, &[]);
    assert_eq!(story.told, [(2, Opened), (242, Reminder), (482, Reminder), (504, Cleared)]);
    assert_eq!(story.rows, []);
}

#[test]
fn what_comes_and_goes_is_told_once() {
    let mut story = Story::new();
    let seen = [cause("backlog", Urgency::Now)];
    // There for a minute at a time is not told.
    for at in 0..30 {
        story.look(at * 10, if at % 2 == 0 { &seen } else { &[] }, &ALL);
    }
    assert_eq!(story.told, []);
    let mut story = Story::new();
    for at in 0..200 {
        story.look(at, if at % 4 < 2 { &seen } else { &[] }, &ALL);
    }
    assert_eq!(story.told, [(4, AlarmMessageKind::Opened)]);
}

#[test]
fn what_becomes_more_urgent_is_told_at_once_and_only_once() {
    use AlarmMessageKind::{Opened, Worsened};
    let mut story = Story::new();
    let [soon, now] = [Urgency::Soon, Urgency::Now].map(|urgency| [cause("backlog", urgency)]);
    story.look_every_minute(0..5, &soon);
    for at in 5..20 {
        story.look(at, if at % 2 == 0 { &soon } else { &now }, &ALL);
    }
    assert_eq!(story.told, [(2, Opened), (5, Worsened)]);
}

#[test]
fn everyday_work_is_told_once() {
    let mut story = Story::new();
    story.look_every_minute(0..1000, &[cause("reviews_open", Urgency::Later)]);
    assert_eq!(story.told, [(2, AlarmMessageKind::Opened)]);
}

#[test]
fn what_cannot_be_asked_is_not_gone() {
    let mut story = Story::new();
    story.look_every_minute(0..5, &[cause("backlog", Urgency::Now)]);
    let away = Asked { broker: false, ..ALL };
    (5..60).for_each(|at| story.look(at, &[], &away));
    assert_eq!(story.told, [(2, AlarmMessageKind::Opened)]);
    assert_eq!(story.rows.len(), 1);
    // From here on it is known to be gone.
    story.look_every_minute(60..70, &[]);
    assert_eq!(story.told.last(), Some(&(64, AlarmMessageKind::Cleared)));
}

/// The broker answers and its management API does not: the topology is not known to be right again.
#[test]
fn what_was_compared_with_more_means_is_not_gone() {
    let mut story = Story::new();
    let missing = [SeenCause { source: AlarmSource::Topology, ..cause("missing", Urgency::Now) }];
    story.look_every_minute(0..5, &missing);
    let less = Asked { management: false, topology: false, ..ALL };
    (5..60).for_each(|at| story.look(at, &[], &less));
    assert_eq!(story.told, [(2, AlarmMessageKind::Opened)]);
    story.look_every_minute(60..70, &[]);
    assert_eq!(story.told.last(), Some(&(64, AlarmMessageKind::Cleared)));
}

#[test]
fn a_clock_that_was_ahead_delays_nothing() {
    let mut story = Story::new();
    story.look_every_minute(100_000..100_010, &[cause("backlog", Urgency::Now)]);
    story.look_every_minute(0..10, &[]);
    assert_eq!(story.told.last(), Some(&(5, AlarmMessageKind::Cleared)));
}

fn channel(urgency: Urgency) -> Channel {
    Channel {
        kind: ChannelKind::Webhook,
        url: Secret::new("https://example.com/hook"),
        secret: None,
        language: Language::Chinese,
        urgency,
        mention: Vec::new(),
        mail: None,
    }
}

fn news(id: &str, urgency: Urgency) -> News {
    let SeenCause { text, .. } = cause(id, urgency);
    let (kind, cause) = (AlarmMessageKind::Opened, id.to_owned());
    News { kind, cause, urgency, since: minute(0), text }
}

#[test]
fn a_channel_is_told_what_is_urgent_enough() {
    let told = |urgency, least| {
        let channel = channel(least);
        news("backlog", urgency).message(("team", &channel), &settings(), None, minute(1)).is_some()
    };
    assert!(told(Urgency::Now, Urgency::Now) && told(Urgency::Now, Urgency::Later));
    assert!(!told(Urgency::Soon, Urgency::Now) && !told(Urgency::Later, Urgency::Soon));
    // Of itself a channel that fails is not told.
    let channel = channel(Urgency::Later);
    let fails = news("channel_fails/team", Urgency::Soon);
    assert!(fails.message(("team", &channel), &settings(), None, minute(1)).is_none());
    assert!(fails.message(("other", &channel), &settings(), None, minute(1)).is_some());
}

#[test]
fn in_quiet_hours_only_what_is_urgent_is_due_at_once() {
    // 1,800,000,000 is 2027-01-15 08:00:00 UTC, 16:00 in Beijing.
    let quiet = QuietHours::read("15:00-17:00", "+08:00".parse().unwrap()).unwrap();
    let settings = Notify { quiet: Some(quiet), ..settings() };
    let due = |urgency| {
        let channel = channel(Urgency::Later);
        let message =
            news("backlog", urgency).message(("team", &channel), &settings, None, minute(1));
        message.unwrap().due_at
    };
    assert_eq!(due(Urgency::Now), minute(1));
    assert_eq!(due(Urgency::Soon), minute(60));
    assert_eq!(due(Urgency::Later), minute(60));
}
