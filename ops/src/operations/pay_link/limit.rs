//! The time limit of a payment, as it is sent to Alipay.

use alipay::{Protocol, format_beijing};
use chrono::{DateTime, SubsecRound, Utc};
use store::user_order::OrderRow;

use crate::failure::Failure;
use crate::operations::order::TimeLimit;

/// The parameter with its value; none for an order without a limit.
///
/// # Errors
/// A no for an order whose time is over.
pub(crate) fn of(
    row: &OrderRow,
    limit: TimeLimit,
    protocol: Protocol,
    now: DateTime<Utc>,
) -> Result<Option<(&'static str, String)>, Failure> {
    let limit = limit.map_err(|implausible| {
        Failure::Refused(format!(
            "order {} has an implausible time limit: {implausible}. user_order.expires_at is UTC: write \
             UTC_TIMESTAMP(6) + INTERVAL 30 MINUTE, never NOW()",
            row.id
        ))
    })?;
    let Some(expires_at) = limit else { return Ok(None) };
    if expires_at.0 <= now {
        return Err(Failure::Refused(format!(
            "order {} could be paid until {expires_at}: place a new order",
            row.id
        )));
    }
    Ok(Some(parameter(expires_at.0, protocol, now)))
}

/// Rounded so that Alipay's limit does not end after ours, as far as it can be written.
fn parameter(
    expires_at: DateTime<Utc>,
    protocol: Protocol,
    now: DateTime<Utc>,
) -> (&'static str, String) {
    let until = expires_at.min(now + order::LONGEST_TIME_LIMIT);
    match protocol {
        Protocol::Mapi => {
            let minutes = (until - now).num_minutes().max(1);
            ("it_b_pay", format!("{minutes}m"))
        }
        Protocol::Openapi => ("time_expire", format_beijing(until.trunc_subsecs(0))),
    }
}

#[cfg(test)]
mod tests {
    use alipay::Protocol::{Mapi, Openapi};
    use chrono::{DateTime, TimeDelta, Utc};

    use super::parameter;

    #[test]
    fn whole_minutes_or_a_time_in_beijing() {
        let now: DateTime<Utc> = "2026-11-23T12:00:00.5Z".parse().unwrap();
        for (left, minutes, time) in [
            (TimeDelta::seconds(1), "1m", "2026-11-23 20:00:01"),
            (TimeDelta::seconds(119), "1m", "2026-11-23 20:01:59"),
            (TimeDelta::minutes(30), "30m", "2026-11-23 20:30:00"),
            (TimeDelta::days(15), "21600m", "2026-12-08 20:00:00"),
            (TimeDelta::days(400), "21600m", "2026-12-08 20:00:00"),
        ] {
            assert_eq!(parameter(now + left, Mapi, now), ("it_b_pay", minutes.to_owned()));
            assert_eq!(parameter(now + left, Openapi, now), ("time_expire", time.to_owned()));
        }
    }
}
