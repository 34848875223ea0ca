//! Numbers with their noun, as people read them.

/// `1 message`, `2 messages`.
pub(crate) fn count<N: Into<Number>>(number: N, one: &str) -> String {
    let number = number.into();
    format!("{} {one}{}", number.0, number.s())
}

/// The verb that belongs to a number: `1 waits`, `2 wait`.
pub(crate) fn verb<'a, N: Into<Number>>(number: N, one: &'a str, many: &'a str) -> &'a str {
    if number.into().0 == 1 { one } else { many }
}

/// A number of things.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Number(i128);

impl Number {
    fn s(self) -> &'static str {
        if self.0 == 1 { "" } else { "s" }
    }
}

macro_rules! numbers {
    ($($from:ty),*) => {
        $(impl From<$from> for Number {
            fn from(number: $from) -> Number {
                Number(number.into())
            }
        })*
    };
}

numbers!(i32, u32, i64, u64);

impl From<usize> for Number {
    fn from(number: usize) -> Number {
        Number(i128::try_from(number).unwrap_or(i128::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::{count, verb};

    #[test]
    fn one_is_alone() {
        for (number, text) in
            [(0_u32, "0 letters"), (1, "1 letter"), (2, "2 letters"), (11, "11 letters")]
        {
            assert_eq!(count(number, "letter"), text);
        }
        assert_eq!(count(1_usize, "dead letter"), "1 dead letter");
        assert_eq!(count(-1_i64, "order"), "-1 orders");
        assert_eq!((verb(1_i32, "waits", "wait"), verb(0_u64, "waits", "wait")), ("waits", "wait"));
    }
}
