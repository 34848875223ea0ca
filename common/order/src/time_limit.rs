//! Whether the time limit of an order is plausible.
//!
//! `expires_at` is UTC, and a shop that writes its own local time there has every payment judged late (west of
//! Greenwich) or payable for hours too long (east of it). Neither is acted on: such a limit does not count, and a
//! person must look.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

/// Alipay itself closes a trade that is unpaid for this long (`timeout_express`, `it_b_pay`: at most 15 days).
pub const LONGEST_TIME_LIMIT: TimeDelta = TimeDelta::days(15);

/// Clocks of the shop and the database differ by this much at most.
const CLOCKS: TimeDelta = TimeDelta::minutes(10);

/// Beijing is this much ahead of UTC.
const BEIJING: TimeDelta = TimeDelta::hours(8);

/// A limit of up to this long looks like one of Beijing's clock once that is added.
const SHORT: TimeDelta = TimeDelta::hours(2);

/// Why a time limit does not count. The text is the evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says what the fields are")]
pub enum ImplausibleLimit {
    /// No payment could have been in time.
    #[error("it ends {by} before the order was placed")]
    Before { by: Length },
    /// `NOW() + INTERVAL 30 MINUTE` of a session in Beijing is 8 h 30 min in UTC.
    #[error("it ends {given} after the order was placed, as {meant} does in Beijing's time")]
    Beijing { given: Length, meant: Length },
    /// Longer than the merchant gives its buyers, or than Alipay waits.
    #[error("it ends {given} after the order was placed, at most {most} can be meant")]
    Long { given: Length, most: Length },
}

/// A length of time, shown in its two largest units: `8 h 30 min`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length(TimeDelta);

impl fmt::Display for Length {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.num_seconds();
        let parts = [
            (seconds / 86_400, "d"),
            (seconds / 3600 % 24, "h"),
            (seconds / 60 % 60, "min"),
            (seconds % 60, "s"),
        ];
        let mut shown = parts.iter().skip_while(|(number, _)| *number == 0).take(2);
        let Some((number, unit)) = shown.next() else { return out.write_str("0 s") };
        write!(out, "{number} {unit}")?;
        match shown.next() {
            Some((number, unit)) if *number != 0 => write!(out, " {number} {unit}"),
            _ => Ok(()),
        }
    }
}

/// The time until which an order can be paid; `None`: always. `longest` is how much time the merchant gives
/// its buyers, where the configuration says so.
///
/// # Errors
/// [`ImplausibleLimit`]: act as if there were none, and raise a review.
pub fn time_limit(
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    longest: Option<TimeDelta>,
) -> Result<Option<DateTime<Utc>>, ImplausibleLimit> {
    let Some(end) = expires_at else { return Ok(None) };
    let given = end - created_at;
    let most = longest.unwrap_or(LONGEST_TIME_LIMIT);
    if given < -CLOCKS {
        Err(ImplausibleLimit::Before { by: Length(-given) })
    } else if longest.is_none() && given > BEIJING && given <= BEIJING + SHORT {
        Err(ImplausibleLimit::Beijing { given: Length(given), meant: Length(given - BEIJING) })
    } else if given > most {
        Err(ImplausibleLimit::Long { given: Length(given), most: Length(most) })
    } else {
        Ok(Some(end))
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::{ImplausibleLimit, time_limit};

    fn of(minutes: i64, longest: Option<TimeDelta>) -> Result<i64, String> {
        let placed: DateTime<Utc> = "2026-11-23T12:00:00Z".parse().unwrap();
        time_limit(placed, Some(placed + TimeDelta::minutes(minutes)), longest)
            .map(|end| (end.unwrap() - placed).num_minutes())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn plausible_limits_count() {
        for minutes in [-10, 0, 1, 30, 120, 480, 601, 24 * 60, 7 * 24 * 60, 15 * 24 * 60] {
            assert_eq!(of(minutes, None), Ok(minutes));
        }
        assert_eq!(
            time_limit(DateTime::<Utc>::UNIX_EPOCH, None, None),
            Ok::<_, ImplausibleLimit>(None)
        );
    }

    #[test]
    fn limits_in_local_time_do_not_count() {
        // 30 minutes from now, as clocks show it in Los Angeles, London in winter, Beijing, Tokyo, Auckland.
        let refused = |minutes| of(minutes, None).unwrap_err();
        assert_eq!(refused(30 - 8 * 60), "it ends 7 h 30 min before the order was placed");
        assert_eq!(of(30, None), Ok(30));
        let beijing =
            "it ends 8 h 30 min after the order was placed, as 30 min does in Beijing's time";
        assert_eq!(refused(30 + 8 * 60), beijing);
        // An hour in the Azores.
        assert_eq!(refused(60 - 80), "it ends 20 min before the order was placed");
        let month = "it ends 31 d after the order was placed, at most 15 d can be meant";
        assert_eq!(refused(31 * 24 * 60), month);
        let two_hours = Some(TimeDelta::hours(2));
        for minutes in [30 + 9 * 60, 30 + 13 * 60, 121] {
            assert!(of(minutes, two_hours).is_err(), "{minutes}");
        }
        // A merchant that gives its buyers nine hours says so.
        assert_eq!(of(9 * 60, Some(TimeDelta::hours(24))), Ok(9 * 60));
    }
}
