//! Whether a certificate can be used at a time.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use strum::Display;

/// Whether a certificate can be used at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CertificateState {
    /// It can.
    Valid,
    /// It can, and ends within the time that is asked about.
    EndsSoon,
    /// It has ended.
    Expired,
    /// It has not begun.
    NotYetValid,
}

impl CertificateState {
    /// Of one that counts from `from` until `until`, at a time, when `soon` is asked about. It is good for the whole of its
    /// last second.
    pub fn of(
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        at: DateTime<Utc>,
        soon: TimeDelta,
    ) -> CertificateState {
        if at < from {
            CertificateState::NotYetValid
        } else if at.timestamp() > until.timestamp() {
            CertificateState::Expired
        } else if until - at < soon {
            CertificateState::EndsSoon
        } else {
            CertificateState::Valid
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::CertificateState::{self, EndsSoon, Expired, NotYetValid, Valid};

    #[test]
    fn a_certificate_is_good_for_the_whole_of_its_last_second() {
        let from: DateTime<Utc> = "2026-11-23T12:00:00Z".parse().unwrap();
        let until = from + TimeDelta::days(365);
        let at = |at| CertificateState::of(from, until, at, TimeDelta::days(30));
        let instant = TimeDelta::milliseconds(1);
        assert_eq!((at(from - instant), at(from)), (NotYetValid, Valid));
        assert_eq!(at(until - TimeDelta::days(30)), Valid);
        assert_eq!(at(until - TimeDelta::days(30) + instant), EndsSoon);
        assert_eq!(at(until + TimeDelta::milliseconds(999)), EndsSoon);
        assert_eq!(at(until + TimeDelta::seconds(1)), Expired);
    }
}
