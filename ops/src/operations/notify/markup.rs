//! Text in the Markdown of robots.

use super::notice::{Bulletin, Paragraph};
use super::words;

/// The characters that mean something in the Markdown of robots or in a mention, and how each is shown instead. The dialects of
/// DingTalk, WeCom and Server酱 agree on no escape, so each is replaced by its full-width form.
const REPLACED: [(char, char); 11] = [
    ('<', '＜'),
    ('>', '＞'),
    ('[', '［'),
    (']', '］'),
    ('*', '＊'),
    ('`', '｀'),
    ('#', '＃'),
    ('@', '＠'),
    ('!', '！'),
    ('|', '｜'),
    ('~', '～'),
];

/// The text as a robot shows it literally.
pub(super) fn literal(text: &str) -> String {
    let mut before = ' ';
    let shown = |character| {
        // Within a word it names nobody: `systemctl start alipay-worker@1` stays what it is.
        let is_within_word = character == '@' && before.is_ascii_alphanumeric();
        before = character;
        let replaced = REPLACED.iter().find(|(from, _)| *from == character && !is_within_word);
        replaced.map_or(character, |(_, to)| *to)
    };
    text.chars().map(shown).collect()
}

/// All of a bulletin as Markdown.
pub(super) fn markdown(bulletin: &Bulletin<'_>) -> String {
    let language = bulletin.language;
    let parts = bulletin.paragraphs().map(|Paragraph { heading, lines, link }| {
        let mut text = format!("**{}**\n\n", literal(&heading));
        for line in lines {
            text.push_str(&literal(&line));
            text.push_str("\n\n");
        }
        if let Some(link) = link {
            text.push_str(&format!("[{}]({link})\n\n", words::open_console(language)));
        }
        text
    });
    format!("{}\n\n{}", words::system(language), parts.collect::<String>()).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn what_a_product_is_called_means_nothing() {
        let hostile = "<@all> <at id=all></at> [x](http://evil) **b** `c` # @13800000000 ![i](u)";
        let shown = literal(hostile);
        assert!(!shown.contains(['<', '>', '[', ']', '*', '`', '#', '@', '!']), "{shown}");
        assert_eq!(literal("systemctl start alipay-worker@1"), "systemctl start alipay-worker@1");
        assert_eq!(
            literal("product gift_1 has 3 codes: (库存)"),
            "product gift_1 has 3 codes: (库存)"
        );
    }
}
