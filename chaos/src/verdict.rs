//! The invariants, and what broke them.

use std::collections::{BTreeMap, BTreeSet};

use order::{MessageOutcome, OrderState, RejectionReason};

use crate::database::{CheckDatabase, CheckedOrder};
use crate::expected;
use crate::load::SentNotification;
use crate::story::{Story, StoryKind};
use crate::system::ChaosSystem;
use crate::{rest, say};

/// So many of one invariant's violations are printed; the count includes the others.
const SHOWN: usize = 12;

/// What is checked.
pub(crate) const INVARIANTS: [(&str, &str); 13] = [
    ("answers", "everything genuine is answered success in the end"),
    ("I1", "everything answered success is applied, or a dead letter with a reason"),
    (
        "I2",
        "goods go out at most once and come back at most once; refunds are within what was paid",
    ),
    ("I3", "nothing happens without a valid signature"),
    ("I5", "at rest queues, retry tiers and outbox are empty"),
    ("I6", "replaying the dead letters changes nothing that was applied"),
    ("I7", "0 lost: every order is what its notifications say"),
    ("queries", "a lost notification heals by a question to the gateway"),
    ("ledger", "what expired is closed at Alipay, late money went back or bought goods, once"),
    ("events", "every event of the outbox was published"),
    ("audit", "ops audit finds nothing"),
    ("outage", "no attempt counted, nothing dead-lettered, answers in time, soon back"),
    ("parts", "no program ended by itself, and all end well when asked to"),
];

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct ChaosVerdict {
    broken: BTreeMap<&'static str, Vec<String>>,
}

/// What a look at rest needs.
pub(crate) struct CheckInput<'a> {
    pub(crate) system: &'a ChaosSystem,
    pub(crate) stories: &'a [Story],
    pub(crate) sent: &'a [SentNotification],
}

impl ChaosVerdict {
    pub(crate) fn add(&mut self, invariant: &'static str, what: impl Into<String>) {
        self.broken.entry(invariant).or_default().push(what.into());
    }

    /// I1 and the answers, at the first rest.
    pub(crate) fn answers(
        &mut self,
        evidence: &CheckInput<'_>,
        inbox: &BTreeMap<String, String>,
        dead: &[(String, String)],
    ) {
        let dead: BTreeSet<&str> = dead.iter().map(|(id, _)| id.as_str()).collect();
        for sent in evidence.sent {
            let line = &sent.ledger;
            let name = || format!("{} {} {}", line.order, line.kind.name(), &sent.message_id[..12]);
            if sent.forged {
                if sent.is_success() {
                    self.add("I3", format!("{}: a forgery was answered success", name()));
                }
                if inbox.contains_key(&sent.message_id) || dead.contains(sent.message_id.as_str()) {
                    self.add("I3", format!("{}: a forgery reached a worker", name()));
                }
                continue;
            }
            if !sent.is_success() {
                self.add("answers", format!("{}: {} attempts", name(), line.attempts));
                continue;
            }
            let is_dead = dead.contains(sent.message_id.as_str());
            let outcome = inbox.get(&sent.message_id);
            match outcome.map(|word| (word, word.parse::<MessageOutcome>())) {
                Some((_, Ok(outcome))) if outcome.is_worked_on() => {}
                Some(_) | None if is_dead => {}
                Some((outcome, _)) => {
                    self.add("I1", format!("{}: {outcome}, no dead letter", name()));
                }
                None => self.add("I1", format!("{}: LOST", name())),
            }
        }
    }

    /// Every order against its notifications, at the second rest.
    pub(crate) fn orders(&mut self, evidence: &CheckInput<'_>) -> anyhow::Result<()> {
        let rows = CheckDatabase::open(&evidence.system.database_url)?.orders()?;
        let mut by_story: BTreeMap<usize, Vec<&SentNotification>> = BTreeMap::new();
        for sent in evidence.sent {
            by_story.entry(sent.story).or_default().push(sent);
        }
        for (index, story) in evidence.stories.iter().enumerate() {
            let Some(row) = rows.get(&story.id) else {
                self.add("I7", format!("{}: the order itself is gone", story.id));
                continue;
            };
            let sent = by_story.get(&index).map_or(&[][..], Vec::as_slice);
            self.order(evidence, story, row, sent)?;
        }
        Ok(())
    }

    fn order(
        &mut self,
        evidence: &CheckInput<'_>,
        story: &Story,
        row: &CheckedOrder,
        sent: &[&SentNotification],
    ) -> anyhow::Result<()> {
        let id = &story.id;
        let (all, known) = states(evidence, story, sent)?;
        // What was given up may have arrived or not: either is right then.
        let differences = expected::differences(row, &all);
        // What the gateway tells is no notification: the ledger has to do.
        if !story.needs_gateway()
            && !differences.is_empty()
            && !expected::differences(row, &known).is_empty()
        {
            self.add("I7", format!("{id} ({:?}): {}", story.kind, differences.join("; ")));
        }
        let complete = sent.iter().all(|sent| sent.forged || sent.is_success());
        if complete && !story.kind.expires() && row.status != story.kind.status() {
            let (is, should) = (row.status, story.kind.status());
            self.add(
                "I7",
                format!("{id} ({:?}): status {is}, the story says {should}", story.kind),
            );
        }
        for what in expected::goods(row, story) {
            self.add("I2", format!("{id} ({:?}, {}): {what}", story.kind, story.product));
        }
        if row.refunded_fee < 0 || row.refunded_fee > row.total_fee {
            self.add("I2", format!("{id}: {} of {} refunded", row.refunded_fee, row.total_fee));
        }
        let in_part = matches!(story.kind, StoryKind::RefundedInPart | StoryKind::RefundedByUs);
        if in_part && complete && !row.needs_review {
            self.add("I7", format!("{id}: a partial refund without a review"));
        }
        if story.kind == StoryKind::Forged && row.traces > 0 {
            self.add(
                "I3",
                format!("{id}: {} rows of an order that only forgers named", row.traces),
            );
        }
        Ok(())
    }

    /// What a replay of the dead letters changed. Orders of letters that had died innocently (their
    /// workers were killed too often) may go on.
    pub(crate) fn replayed(
        &mut self,
        before: &BTreeSet<String>,
        after: &BTreeSet<String>,
        innocent: &BTreeSet<String>,
    ) {
        let excused = |line: &&String| innocent.iter().any(|id| line.contains(id.as_str()));
        for (sign, from, to) in [("-", before, after), ("+", after, before)] {
            for line in from.difference(to).filter(|line| !excused(line)) {
                self.add("I6", format!("{sign} {line}"));
            }
        }
    }

    /// The orders that something was said about, a few of them.
    pub(crate) fn orders_named(&self, stories: &[Story]) -> Vec<String> {
        let said: Vec<&String> = self.broken.values().flatten().collect();
        let named = |story: &&Story| said.iter().any(|what| what.contains(&story.id));
        stories.iter().filter(named).take(SHOWN).map(|story| story.id.clone()).collect()
    }

    /// Prints everything; true when nothing is broken.
    pub(crate) fn print(&self, after_an_outage: bool) -> bool {
        say("\nInvariants:");
        for (key, text) in INVARIANTS {
            if key == "outage" && !after_an_outage {
                continue;
            }
            let broken = self.broken.get(key).map_or(&[][..], Vec::as_slice);
            if broken.is_empty() {
                say(&format!("  ✓ {key:<8} {text}"));
                continue;
            }
            say(&format!("  ✗ {key:<8} {text}: {} times not", broken.len()));
            for what in broken.iter().take(SHOWN) {
                say(&format!("      {what}"));
            }
        }
        self.broken.is_empty()
    }
}

/// The state by all that was sent, and by what was answered `success` alone.
fn states(
    evidence: &CheckInput<'_>,
    story: &Story,
    sent: &[&SentNotification],
) -> anyhow::Result<(OrderState, OrderState)> {
    let gateway = &evidence.system.gateways[story.gateway];
    let all = expected::state(story, gateway, sent.iter().copied())?;
    let known = sent.iter().copied().filter(|sent| sent.is_success());
    Ok((all, expected::state(story, gateway, known)?))
}

/// Both rests and everything that is checked at them. Returns the dead letters of the first.
pub(crate) fn reach(
    verdict: &mut ChaosVerdict,
    evidence: &CheckInput<'_>,
    limit: std::time::Duration,
) -> anyhow::Result<Vec<(String, String)>> {
    let system = evidence.system;
    let at_rest = |verdict: &mut ChaosVerdict| match rest::come(system, limit) {
        Ok((rest, odd)) => {
            say(&format!("· at rest after {:.1} s", rest.took.as_secs_f64()));
            odd.into_iter().for_each(|what| verdict.add("parts", what));
            Some(rest)
        }
        Err(error) => {
            verdict.add("I5", format!("{error:#}"));
            None
        }
    };
    at_rest(verdict);
    let mut database = CheckDatabase::open(&system.database_url)?;
    let dead = rest::dead_letters(system)?;
    verdict.answers(evidence, &database.inbox()?, &dead);
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    dead.iter().for_each(|(_, reason)| *reasons.entry(reason).or_default() += 1);
    say(&format!("· {} dead letters: {reasons:?}", dead.len()));

    let innocent: BTreeSet<&str> = dead
        .iter()
        .filter(|(_, why)| why != RejectionReason::TotalMismatch.as_str())
        .map(|(id, _)| id.as_str())
        .collect();
    let innocent = evidence.sent.iter().filter(|sent| innocent.contains(sent.message_id.as_str()));
    // By order and by trade: a row of `refund` names its trade alone.
    let names = |sent: &SentNotification| {
        let trade_no = sent.notification.notification().parameter("trade_no").map(str::to_owned);
        [Some(sent.ledger.order.clone()), trade_no]
    };
    let innocent: BTreeSet<String> = innocent.flat_map(names).flatten().collect();
    let before = database.picture()?;
    let replayed = system.shop.json(&["dlq", "replay", "--all", "--no-wait"])?;
    say(&format!("· {} dead letters replayed", replayed["replayed"]));
    let rest = at_rest(verdict);
    verdict.replayed(&before, &database.picture()?, &innocent);
    let still = rest::dead_letters(system)?;
    if innocent.is_empty() && still.len() != dead.len() {
        verdict.add("I6", format!("{} dead letters before, {} after", dead.len(), still.len()));
    }
    for (id, reason) in
        still.iter().filter(|(_, reason)| reason != RejectionReason::TotalMismatch.as_str())
    {
        verdict.add("I7", format!("{id} died again: {reason}"));
    }
    verdict.orders(evidence)?;
    let events = u64::try_from(database.activity()?.events).unwrap_or(0);
    if let Some(rest) = rest
        && rest.events < events
    {
        verdict.add("events", format!("{events} in the outbox, {} in the queue", rest.events));
    }
    Ok(dead)
}
