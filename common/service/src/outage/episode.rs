//! Which lines an outage gets; pure, time is an argument.

use std::time::{Duration, Instant};

use super::OutageKind;

/// The pause between two lines of the log about trouble that goes on.
pub const REMINDER: Duration = Duration::from_secs(60);

/// Within so long at most [`EPISODES`] outages are logged one by one.
const WINDOW: Duration = Duration::from_secs(60);
const EPISODES: u32 = 3;

/// This number of different reasons of one outage is logged at once; any further one waits for its turn, once a minute.
const REASONS: usize = 4;

/// What is to be logged.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum OutageLine {
    /// The server cannot be used. `lost`: why the connection before ended. `left_out`: outages of the last
    /// minute that had no line.
    Began { kind: OutageKind, reason: String, lost: Option<String>, left_out: u32 },
    /// It still cannot, or for another reason.
    GoesOn { kind: OutageKind, reason: String, lasted: Duration },
    /// It can again.
    Ended { lasted: Duration },
    /// A connection ended, and the next attempt made another.
    Short { reason: String, lasted: Duration, left_out: u32 },
}

/// The outages of one server.
#[derive(Debug, Default)]
pub(super) struct Episodes {
    lost: Option<(Instant, String)>,
    away: Option<Away>,
    window: Option<Window>,
}

#[derive(Debug)]
struct Away {
    began: Instant,
    kind: OutageKind,
    reason: String,
    /// When its last line was written; none when it has none yet.
    logged_at: Option<Instant>,
    reasons: Vec<String>,
}

#[derive(Debug)]
struct Window {
    began: Instant,
    episodes: u32,
    left_out: u32,
}

impl Episodes {
    /// A connection that worked has ended.
    pub(super) fn lost(&mut self, reason: &str, now: Instant) {
        if self.away.is_none() {
            self.lost.get_or_insert_with(|| (now, reason.to_owned()));
        }
    }

    /// An attempt to connect failed.
    pub(super) fn failed(
        &mut self,
        kind: OutageKind,
        reason: &str,
        now: Instant,
    ) -> Option<OutageLine> {
        let Some(away) = &mut self.away else {
            let (began, lost) = match self.lost.take() {
                Some((at, why)) => (at, Some(why)),
                None => (now, None),
            };
            let left_out = self.has_line(now);
            let reason = reason.to_owned();
            self.away = Some(Away {
                began,
                kind,
                reason: reason.clone(),
                logged_at: left_out.map(|_| now),
                reasons: vec![reason.clone()],
            });
            return Some(OutageLine::Began { kind, reason, lost, left_out: left_out? });
        };
        away.reason = reason.to_owned();
        let is_new = !away.reasons.contains(&away.reason) && away.reasons.len() < REASONS;
        if is_new {
            away.reasons.push(away.reason.clone());
        }
        // A server that begins to refuse is logged, whatever was logged before.
        let is_news = (is_new && away.logged_at.is_some())
            || (away.kind != kind && kind == OutageKind::Refuses);
        away.kind = kind;
        let since = away.logged_at.unwrap_or(away.began);
        if !is_news && now.saturating_duration_since(since) < REMINDER {
            return None;
        }
        away.logged_at = Some(now);
        let lasted = now.saturating_duration_since(away.began);
        Some(OutageLine::GoesOn { kind, reason: away.reason.clone(), lasted })
    }

    /// A connection was made.
    pub(super) fn connected(&mut self, now: Instant) -> Option<OutageLine> {
        if let Some(away) = self.away.take() {
            let lasted = now.saturating_duration_since(away.began);
            return away.logged_at.map(|_| OutageLine::Ended { lasted });
        }
        let (began, reason) = self.lost.take()?;
        let left_out = self.has_line(now)?;
        Some(OutageLine::Short { reason, lasted: now.saturating_duration_since(began), left_out })
    }

    /// Why the server cannot be used now.
    pub(super) fn state(&self) -> Option<(OutageKind, String)> {
        self.away.as_ref().map(|away| (away.kind, away.reason.clone()))
    }

    /// Whether another outage has lines of its own: with how many had none since the last that had.
    fn has_line(&mut self, now: Instant) -> Option<u32> {
        let fresh = || Window { began: now, episodes: 0, left_out: 0 };
        let window = self.window.get_or_insert_with(fresh);
        if now.saturating_duration_since(window.began) >= WINDOW {
            *window = Window { left_out: window.left_out, ..fresh() };
        }
        window.episodes += 1;
        if window.episodes > EPISODES {
            window.left_out += 1;
            return None;
        }
        Some(std::mem::take(&mut window.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: &str = "db:3306: nothing listens there";

    fn seconds(number: u64) -> Duration {
        Duration::from_secs(number)
    }

    fn began(reason: &str, left_out: u32) -> Option<OutageLine> {
        Some(OutageLine::Began {
            kind: OutageKind::Away,
            reason: reason.to_owned(),
            lost: None,
            left_out,
        })
    }

    #[test]
    fn an_outage_has_a_line_at_its_beginning_one_a_minute_and_one_at_its_end() {
        let (mut all, start) = (Episodes::default(), Instant::now());
        let mut lines = Vec::new();
        // 150 s with ten connections, each of which tries twice a second.
        for tenth in 0..3_000 {
            let now = start + Duration::from_millis(tenth * 50);
            lines.extend(all.failed(OutageKind::Away, REFUSED, now));
        }
        lines.extend(all.connected(start + seconds(150)));
        lines.extend(all.connected(start + seconds(151)));
        let reason = REFUSED.to_owned();
        let goes_on =
            |lasted| OutageLine::GoesOn { kind: OutageKind::Away, reason: reason.clone(), lasted };
        assert_eq!(
            lines,
            [
                began(REFUSED, 0).unwrap(),
                goes_on(seconds(60)),
                goes_on(seconds(120)),
                OutageLine::Ended { lasted: seconds(150) },
            ]
        );
        assert_eq!(all.state(), None);
    }

    #[test]
    fn it_began_when_the_connection_was_lost() {
        let (mut all, start) = (Episodes::default(), Instant::now());
        all.lost("reset by peer", start);
        all.lost("another connection's", start + seconds(1));
        let line = all.failed(OutageKind::Away, REFUSED, start + seconds(2));
        let Some(OutageLine::Began { lost, .. }) = line else { panic!("{line:?}") };
        assert_eq!(lost.as_deref(), Some("reset by peer"));
        let ended = all.connected(start + seconds(21));
        assert_eq!(ended, Some(OutageLine::Ended { lasted: seconds(21) }));
    }

    #[test]
    fn a_connection_that_is_made_anew_at_once_is_one_line() {
        let (mut all, start) = (Episodes::default(), Instant::now());
        all.lost("reset by peer", start);
        let reason = "reset by peer".to_owned();
        let short = OutageLine::Short { reason, lasted: seconds(1), left_out: 0 };
        assert_eq!(all.connected(start + seconds(1)), Some(short));
        assert_eq!(all.connected(start + seconds(2)), None);
    }

    #[test]
    fn another_reason_is_told_at_once_and_two_that_alternate_are_not() {
        let (mut all, start) = (Episodes::default(), Instant::now());
        let (mut told, mut news) = (0, Vec::new());
        for at in 0..500 {
            let now = start + Duration::from_millis(at * 100);
            let reason = if at % 2 == 0 { REFUSED } else { "no answer within 5 s" };
            if let Some(line) = all.failed(OutageKind::Away, reason, now) {
                told += 1;
                news.push(line);
            }
        }
        assert_eq!(told, 2, "{news:?}");
        // Reasons that are never twice the same, such as those with a number in them.
        let many = (0..500).filter(|at| {
            let now = start + seconds(50) + Duration::from_millis(*at);
            all.failed(OutageKind::Away, &format!("reason {at}"), now).is_some()
        });
        assert_eq!(many.count(), REASONS - 2);
    }

    #[test]
    fn a_refusal_is_told_although_the_server_was_away_before() {
        let (mut all, start) = (Episodes::default(), Instant::now());
        for reason in 0..10 {
            all.failed(OutageKind::Away, &reason.to_string(), start);
        }
        let line = all.failed(OutageKind::Refuses, "access denied", start + seconds(1));
        let reason = "access denied".to_owned();
        let expected = OutageLine::GoesOn {
            kind: OutageKind::Refuses,
            reason: reason.clone(),
            lasted: seconds(1),
        };
        assert_eq!(line, Some(expected));
        assert_eq!(all.failed(OutageKind::Refuses, "access denied", start + seconds(2)), None);
        assert_eq!(all.state(), Some((OutageKind::Refuses, reason)));
    }

    #[test]
    fn a_server_that_comes_and_goes_does_not_fill_the_log() {
        let (mut all, start) = (Episodes::default(), Instant::now());
        let mut lines = Vec::new();
        for at in 0..100 {
            let now = start + Duration::from_millis(at * 500);
            lines.extend(all.failed(OutageKind::Away, REFUSED, now));
            lines.extend(all.connected(now + Duration::from_millis(100)));
        }
        assert_eq!(lines.len(), 2 * usize::try_from(EPISODES).unwrap(), "{lines:?}");
        // The next minute says how many were left out; an outage without a line gets one once it is long.
        assert_eq!(all.failed(OutageKind::Away, REFUSED, start + seconds(61)), began(REFUSED, 97));
        for _ in 0..10 {
            all.connected(start + seconds(62));
            all.failed(OutageKind::Away, REFUSED, start + seconds(62));
        }
        assert_eq!(all.failed(OutageKind::Away, REFUSED, start + seconds(121)), None);
        assert!(all.failed(OutageKind::Away, REFUSED, start + seconds(122)).is_some());
        assert!(all.connected(start + seconds(123)).is_some());
    }
}
