//! Lines of a file of codes that are probably none: a heading, a comment, what a spreadsheet made of a number, a line unlike
//! all the others. Nothing here is certain, so a person is asked.

use serde::Serialize;

use super::code_file::CodeLine;

/// A line that is probably no code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct OddLine {
    /// From 1.
    pub(crate) line: usize,
    /// Its beginning.
    pub(crate) text: String,
    pub(crate) why: String,
}

/// Characters of a line that are shown.
const SHOWN: usize = 48;

/// So many others are needed to say that a line is unlike them.
const OTHERS: usize = 4;

/// What is between the fields of a line, in the order in which it is looked for.
const DELIMITERS: [&str; 5] = ["\t", "----", ",", ";", "|"];

/// Words that stand above codes, in lower case without blanks and punctuation.
const HEADINGS: &str = "\
    code codes key keys card cards cardno cardnumber cardcode cardkey cardpassword pin pins pincode \
    password passwords passwd pass pwd account accounts accountname user username userid login \
    email mail serial serials serialno serialnumber sn license licence licensekey licencekey \
    activation activationcode activationkey redeemcode redemptioncode giftcode giftcard voucher \
    vouchers vouchercode coupon couponcode token url link number no id name value product secret \
    卡号 卡密 密码 卡密码 账号 帐号 账户 帐户 用户名 序列号 激活码 兑换码 注册码 充值码 提取码 邮箱 \
    链接 编号 序号 卡券 券码 名称";

/// The lines that are probably no codes, in the order of the file, each for the first reason that holds.
pub(crate) fn odd_lines(lines: &[CodeLine<'_>]) -> Vec<OddLine> {
    let shape = Shape::of(lines);
    lines
        .iter()
        .enumerate()
        .filter_map(|(index, line)| {
            let why = alone(&line.code, &shape).or_else(|| shape.unlike(index, &line.code))?;
            let text = line.code.chars().take(SHOWN).collect();
            Some(OddLine { line: line.line, text, why })
        })
        .collect()
}

/// What is odd about a line whatever the others are.
fn alone(code: &str, shape: &Shape) -> Option<String> {
    let why = if is_heading(code) {
        "looks like a heading"
    } else if shape.fields(code).any(|field| field.trim().is_empty()) {
        "has an empty field"
    } else if ["#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "####"]
        .iter()
        .any(|it| code.starts_with(it))
    {
        "is what a spreadsheet shows instead of a value"
    } else if code.starts_with("//") || code.starts_with("# ") || code.starts_with("-- ") {
        "looks like a comment"
    } else if is_shortened_number(code) {
        "is a number that a spreadsheet has shortened: format the column as text"
    } else if code.len() > 1 && code.starts_with('"') && code.ends_with('"') {
        "is in quotation marks, which would be part of the code"
    } else if code.contains(|it: char| it.is_whitespace() && !matches!(it, ' ' | '\t' | '\u{3000}'))
    {
        "has a blank inside that is no ordinary one"
    } else {
        return None;
    };
    Some(why.to_owned())
}

/// Whether every field of the line is a word of [`HEADINGS`].
fn is_heading(code: &str) -> bool {
    let code = DELIMITERS.iter().fold(code.to_lowercase(), |text, it| text.replace(it, "\n"));
    let mut words = code
        .split(['\n', '/', '、', '，'])
        .map(|field| -> String { field.chars().filter(|it| it.is_alphanumeric()).collect() })
        .filter(|word| !word.is_empty())
        .peekable();
    words.peek().is_some() && words.all(|word| HEADINGS.split(' ').any(|heading| heading == word))
}

/// `1.23457E+15`
fn is_shortened_number(code: &str) -> bool {
    let Some((mantissa, exponent)) = code.split_once("E+").or_else(|| code.split_once("e+")) else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(exponent) && mantissa.parse::<f64>().is_ok()
}

/// What most lines of a file have in common.
struct Shape {
    lines: usize,
    delimiter: Option<&'static str>,
    /// The number of fields that most lines have, and how many lines.
    usual_fields: (usize, usize),
    /// Bytes.
    median: usize,
    /// How many lines are at most two bytes away from the median.
    near: usize,
    /// How many lines are between a third of the median and three times it.
    similar: usize,
    with_space: usize,
    not_ascii: usize,
    with_digit: usize,
}

impl Shape {
    fn of(lines: &[CodeLine<'_>]) -> Shape {
        let codes = || lines.iter().map(|line| &*line.code);
        let count = |holds: &dyn Fn(&str) -> bool| codes().filter(|code| holds(code)).count();
        let mut lengths: Vec<usize> = codes().map(str::len).collect();
        lengths.sort_unstable();
        let median = lengths.get(lengths.len() / 2).copied().unwrap_or_default();
        let delimiter = DELIMITERS
            .into_iter()
            .find(|delimiter| count(&|code| code.contains(delimiter)) * 2 > lines.len());
        let mut shape = Shape {
            lines: lines.len(),
            delimiter,
            usual_fields: (1, lines.len()),
            median,
            near: count(&|code| code.len().abs_diff(median) <= 2),
            similar: count(&|code| is_similar(code.len(), median)),
            with_space: count(&|code| code.contains(' ')),
            not_ascii: count(&|code| !code.is_ascii()),
            with_digit: count(&has_digit),
        };
        let mut fields: Vec<usize> = codes().map(|code| shape.fields(code).count()).collect();
        fields.sort_unstable();
        let usual = fields.get(fields.len() / 2).copied().unwrap_or(1);
        shape.usual_fields = (usual, fields.iter().filter(|count| **count == usual).count());
        shape
    }

    fn fields<'a>(&self, code: &'a str) -> Box<dyn Iterator<Item = &'a str> + 'a> {
        match self.delimiter {
            Some(delimiter) => Box::new(code.split(delimiter)),
            None => Box::new(std::iter::once(code)),
        }
    }

    /// What is odd about a line because the others are not so. `index` from 0.
    fn unlike(&self, index: usize, code: &str) -> Option<String> {
        let others = self.lines - 1;
        // A heading is in the first line, so for that line three others that agree are enough.
        if index == 0 && others >= 2 {
            if !has_digit(code) && self.with_digit == others {
                return Some("has no digit, all others have: is it a heading?".to_owned());
            }
            if !code.is_ascii() && self.not_ascii == 1 {
                return Some("is not ASCII, all others are: is it a heading?".to_owned());
            }
        }
        let most = |count: usize| others >= OTHERS && count * 10 >= others * 9;
        let (usual, with_usual) = self.usual_fields;
        let fields = self.fields(code).count();
        if fields != usual && most(with_usual) {
            return Some(format!("has {fields} fields, the others have {usual}"));
        }
        let length = code.len();
        let is_far = length.abs_diff(self.median);
        if is_far >= 3 && is_far * 4 >= self.median && most(self.near)
            || !is_similar(length, self.median) && most(self.similar)
        {
            return Some(format!("has {length} bytes, the others have about {}", self.median));
        }
        if code.contains(' ') && most(self.lines - self.with_space) {
            return Some("has a space inside, the others have none".to_owned());
        }
        if !code.is_ascii() && most(self.lines - self.not_ascii) {
            return Some("is not ASCII, the others are".to_owned());
        }
        None
    }
}

fn is_similar(length: usize, median: usize) -> bool {
    length * 3 >= median && length <= median * 3
}

fn has_digit(code: &str) -> bool {
    code.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::super::code_file::CodeLine;
    use super::odd_lines;

    /// The numbers of the odd lines, from 1.
    fn odd(text: &str) -> Vec<usize> {
        let lines: Vec<CodeLine<'_>> = text
            .lines()
            .enumerate()
            .map(|(index, code)| CodeLine { line: index + 1, code: code.into() })
            .collect();
        odd_lines(&lines).into_iter().map(|odd| odd.line).collect()
    }

    fn many(make: impl Fn(usize) -> String) -> String {
        (1..=20).map(|number| format!("{}\n", make(number))).collect()
    }

    #[test]
    fn headings_are_seen() {
        for heading in [
            "code",
            "Code",
            "CARD NO",
            "卡密",
            "# Codes",
            "账号\t密码",
            "Account,Password",
            "email;password",
            "卡号----密码",
            "\"code\"",
            "card_number|PIN",
            "Serial Number",
            "激活码：",
            "No.,Code",
            "账号/密码",
        ] {
            assert_eq!(odd(&format!("{heading}\nAAAA-0001\nAAAA-0002")), [1], "{heading:?}");
            assert_eq!(odd(&format!("{heading}\nAAAA-0001")), [1], "{heading:?}");
            assert_eq!(odd(heading), [1], "{heading:?}");
            assert_eq!(odd(&format!("AAAA-0001\n{heading}\nAAAA-0002")), [2], "{heading:?}");
        }
        for heading in ["November batch", "以下是新卡", "Gift codes of Ann:"] {
            assert_eq!(odd(&format!("{heading}\nAAAA-0001\nAAAA-0002")), [1], "{heading:?}");
        }
    }

    #[test]
    fn lines_unlike_the_others_are_seen() {
        for line in [
            "AAAA-0021AAAA-0022",
            "AAAA",
            "AAAA-0021 used",
            "AAAA-００２１",
            "// sold",
            "#REF!",
            "#N/A",
            "########",
            "1.23457E+15",
            "\"AAAA-0021\"",
            "AAAA\u{a0}0021",
        ] {
            let text = format!("{}{line}\n", many(|number| format!("AAAA-{number:04}")));
            assert_eq!(odd(&text), [21], "{line:?}");
        }
        let pairs = many(|number| format!("u{number:02}@example.com\tsecret{number:02}"));
        for line in [
            "u21@example.com",
            "u21@example.com\tsecret21\tblocked",
            "u21@example.com\t",
            "\tsecret21",
        ] {
            assert_eq!(odd(&format!("{pairs}{line}\n")), [21], "{line:?}");
        }
        let comma = many(|number| format!("AAAA-{number:04},"));
        assert_eq!(odd(&comma).len(), 20, "empty fields of a spreadsheet");
    }

    #[test]
    fn ordinary_files_are_not_odd() {
        for text in [
            "A",
            "A\nB\nC\nD\nE",
            "RARE-0001",
            "t1@example.com\tpass1\nt2@example.com\tpass2\nt3@example.com\tpass3",
            "AAAA-0004\nAAAA-0005",
            "中文卡-1\n中文卡-2\n中文卡-3",
            "KEY-A\nKEY-B\nKEY-C\nKEY-D\nKEY-E\nKEY-F",
        ] {
            assert_eq!(odd(text), [0; 0], "{text:?}");
        }
        assert_eq!(odd(&many(|number| format!("CODE-{number}"))), [0; 0]);
        assert_eq!(odd(&many(|number| format!("https://example.com/c/{}", number * 977))), [0; 0]);
        assert_eq!(odd(&many(|number| format!("user{}----pw{}", number * number, number))), [0; 0]);
        let letters = |number: usize| -> String {
            (0..12).map(|at| char::from(b'A' + ((number * 7 + at * at * 3) % 26) as u8)).collect()
        };
        assert_eq!(odd(&many(letters)), [0; 0]);
    }
}
