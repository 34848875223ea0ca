//! The types of keys: how a value is read, and how `ops config show` shows it.

use std::fmt;
use std::net::SocketAddr;
use std::ops::Deref;

use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::shown::without_password;
use crate::stray;

/// Text of one line that is no secret: a name, a number, an address, a path. White space behind it is cut off; empty text is an
/// error, as is what cannot be seen: both are always mistakes.
pub(crate) struct LineText(String);

impl Deref for LineText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for LineText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<LineText, D::Error> {
        let text = text(deserializer)?;
        stray::line(&text).map(|line| LineText(line.to_owned())).map_err(D::Error::custom)
    }
}

impl Serialize for LineText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        without_password(self).serialize(serializer)
    }
}

/// A list of lines, which the file may write as one text.
#[derive(Deserialize, Serialize)]
pub(crate) struct OneOrMore(pub(crate) Vec<LineText>);

/// Text as it is written.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    struct Text;
    impl Visitor<'_> for Text {
        type Value = String;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("text in quotes")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }
    }
    deserializer.deserialize_str(Text)
}

/// A whole number from 1 to `MAX`.
pub(crate) fn up_to<'de, const MAX: u64, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<usize, D::Error> {
    struct Number<const MAX: u64>;
    impl<const MAX: u64> Visitor<'_> for Number<MAX> {
        type Value = usize;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(out, "a whole number from 1 to {MAX}")
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<usize, E> {
            let in_range = u64::try_from(number).ok().filter(|it| (1..=MAX).contains(it));
            in_range
                .and_then(|number| usize::try_from(number).ok())
                .ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
        }
    }
    deserializer.deserialize_u64(Number::<MAX>)
}

/// `IP:PORT`.
pub(crate) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    read_address(&text(deserializer)?)
}

/// `IP:PORT`; empty text means off.
pub(crate) fn address_or_off<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SocketAddr>, D::Error> {
    let text = text(deserializer)?;
    (!text.trim().is_empty()).then(|| read_address(&text)).transpose()
}

fn read_address<E: Error>(text: &str) -> Result<SocketAddr, E> {
    let expected = "an address such as \"127.0.0.1:8080\"";
    text.trim().parse().map_err(|_| E::invalid_value(Unexpected::Str(text), &expected))
}

/// Time with a unit, above zero and at most 15 days; a bare number is milliseconds.
pub(crate) mod duration {
    use std::fmt;
    use std::time::Duration;

    use serde::de::{Deserializer, Error, Unexpected, Visitor};
    use serde::{Serialize, Serializer};
    use service::duration;

    const LONGEST: Duration = Duration::from_hours(15 * 24);

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        struct Time;
        impl Visitor<'_> for Time {
            type Value = Duration;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a duration above zero such as \"500ms\", \"5s\" or \"2m\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Duration, E> {
                let milliseconds = || text.trim().parse().ok().map(Duration::from_millis);
                let time = duration::parse(text).ok().or_else(milliseconds);
                time.filter(|time| !time.is_zero() && *time <= LONGEST)
                    .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
            }

            fn visit_i64<E: Error>(self, milliseconds: i64) -> Result<Duration, E> {
                self.visit_str(&milliseconds.to_string())
            }
        }
        deserializer.deserialize_any(Time)
    }

    /// `500ms`, `90s`: as it could be written.
    pub(crate) fn serialize<S: Serializer>(
        time: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let text = match time.as_millis() {
            millis if !millis.is_multiple_of(1000) => format!("{millis}ms"),
            _ => format!("{}s", time.as_secs()),
        };
        text.serialize(serializer)
    }
}

/// An amount in yuan, in quotes.
pub(crate) mod yuan {
    use alipay::Fen;
    use serde::de::{Deserializer, Error, Unexpected};
    use serde::{Serialize, Serializer};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Fen, D::Error> {
        let text = super::text(deserializer)?;
        Fen::parse(text.trim()).map_err(|_| {
            D::Error::invalid_value(Unexpected::Str(&text), &"an amount in yuan such as \"100.00\"")
        })
    }

    /// `100.00`
    pub(crate) fn serialize<S: Serializer>(amount: &Fen, serializer: S) -> Result<S::Ok, S::Error> {
        amount.to_string().serialize(serializer)
    }
}

/// The age at which a row may be removed: 40 days to ten years.
pub(crate) mod retention {
    use std::time::Duration;

    use serde::de::{Deserializer, Error, Unexpected};
    use serde::{Serialize, Serializer};
    use service::duration;

    use crate::sections::{LONGEST_RETENTION, SHORTEST_RETENTION};

    const DAY: Duration = Duration::from_hours(24);

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        let text = super::text(deserializer)?;
        let age = duration::parse(&text).ok();
        age.filter(|age| (SHORTEST_RETENTION..=LONGEST_RETENTION).contains(age)).ok_or_else(|| {
            let expected = "an age from \"40d\" to \"3660d\"";
            D::Error::invalid_value(Unexpected::Str(&text), &expected)
        })
    }

    /// `180d`, rounded to days.
    pub(crate) fn serialize<S: Serializer>(
        age: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        format!("{}d", age.as_secs() / DAY.as_secs()).serialize(serializer)
    }
}
