//! Fenced blocks of a Markdown document.

/// A fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What follows the opening fence: `sh`, `text`, `php`; empty without it.
    pub language: String,
    /// The lines between the fences, each with its line end.
    pub text: String,
    /// The line before the opening fence that is not empty: a comment there says where a snippet is from.
    pub before: String,
    /// The number of the block's first line in the document, counted from 1.
    pub line: usize,
}

/// All fenced blocks of a document, in order. Fences are three backticks at the beginning of a line.
#[must_use]
pub fn blocks(document: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut before = "";
    let mut lines = document.lines().enumerate();
    while let Some((_, line)) = lines.next() {
        let Some(language) = line.strip_prefix("```") else {
            if !line.trim().is_empty() {
                before = line;
            }
            continue;
        };
        let mut text = String::new();
        let mut first = None;
        for (number, line) in lines.by_ref() {
            first.get_or_insert(number + 1);
            if line == "```" {
                break;
            }
            text.push_str(line);
            text.push('\n');
        }
        blocks.push(Block {
            language: language.trim().to_owned(),
            text,
            before: before.to_owned(),
            line: first.unwrap_or_default(),
        });
        before = "";
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::blocks;

    #[test]
    fn blocks_have_language_text_and_what_stands_before() {
        let document =
            "# A\n\n<!-- php/a.php -->\n```php\n<?php\n\necho 1;\n```\n\n```\nplain\n```\ntext\n";
        let found = blocks(document);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].language, "php");
        assert_eq!(found[0].text, "<?php\n\necho 1;\n");
        assert_eq!(found[0].before, "<!-- php/a.php -->");
        assert_eq!(found[0].line, 5);
        assert_eq!((found[1].language.as_str(), found[1].text.as_str()), ("", "plain\n"));
        assert_eq!(found[1].before, "");
    }

    #[test]
    fn a_document_without_blocks_has_none() {
        assert!(blocks("").is_empty());
        assert!(blocks("one `word` and ``two``\n").is_empty());
    }
}
