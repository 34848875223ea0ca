//! The common part of similar errors.

/// The error with everything that differs from message to message as `#`: numbers, times, ids (words
/// with a digit in them), and `names`, such as the letter's own order number.
pub(super) fn fingerprint(error: &str, names: &[&str]) -> String {
    let mut print = String::with_capacity(error.len());
    let mut rest = error;
    while let Some(first) = rest.chars().next() {
        if !in_word(first) {
            print.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let end = rest.find(|character| !in_word(character)).unwrap_or(rest.len());
        // A full stop or a colon at the end is the sentence's.
        let word = rest[..end].trim_end_matches(['.', ':', '-', '/', '+']);
        let word = if word.is_empty() { &rest[..end] } else { word };
        if word.bytes().any(|byte| byte.is_ascii_digit()) || names.contains(&word) {
            print.push('#');
        } else {
            print.push_str(word);
        }
        rest = &rest[word.len()..];
    }
    print
}

fn in_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-' | '.' | ':' | '/' | '+' | '@')
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

    #[test]
    fn numbers_times_ids_and_names_are_left_out() {
        for (error, print) in [
            (
                "the order's total is 20.00 yuan, the notification says 1.00",
                "the order's total is # yuan, the notification says #",
            ),
            ("no order A-1001 after 5 retries", "no order # after # retries"),
            ("no order SPRING after 5 retries.", "no order # after # retries."),
            ("at 2026-11-23T12:00:00+08:00: late", "at #: late"),
            ("merchant shop is not configured", "merchant shop is not configured"),
            ("订单2026不存在", "#"),
            ("a - b", "a - b"),
            ("", ""),
        ] {
            assert_eq!(fingerprint(error, &["SPRING"]), print);
        }
    }
}
