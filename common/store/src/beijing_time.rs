//! Times as an operator reads them.

use std::fmt;

use alipay::{BEIJING, format_beijing};
use chrono::{DateTime, SecondsFormat, Utc};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::mysql::{Mysql, MysqlValue};
use serde::{Serialize, Serializer};

use crate::column::Moment;

/// A moment, read from a `DATETIME` column that holds UTC. Serialises as RFC 3339 with `+08:00`;
/// `Display` is Alipay's own form, `2026-11-23 12:00:00`, to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, FromSqlRow)]
pub struct BeijingTime(pub DateTime<Utc>);

impl fmt::Display for BeijingTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = DateTime::from_timestamp(self.0.timestamp(), 0).unwrap_or(self.0);
        f.pad(&format_beijing(whole))
    }
}

impl Serialize for BeijingTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let there = self.0.with_timezone(&BEIJING);
        serializer.serialize_str(&there.to_rfc3339_opts(SecondsFormat::AutoSi, false))
    }
}

impl FromSql<Moment, Mysql> for BeijingTime {
    fn from_sql(value: MysqlValue<'_>) -> deserialize::Result<BeijingTime> {
        <DateTime<Utc> as FromSql<Moment, Mysql>>::from_sql(value).map(BeijingTime)
    }
}

#[cfg(test)]
mod tests {
    use crate::BeijingTime;

    #[test]
    fn eight_hours_ahead_in_both_forms() {
        let time = BeijingTime("2026-11-23T16:00:00.25Z".parse().unwrap());
        assert_eq!(time.to_string(), "2026-11-24 00:00:00");
        assert_eq!(serde_json::to_string(&time).unwrap(), "\"2026-11-24T00:00:00.250+08:00\"");
    }
}
