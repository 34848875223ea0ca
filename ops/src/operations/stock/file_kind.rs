//! Files that are no list of codes in UTF-8, and what they are.

use alipay::Charset;

/// What is wrong with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotCodes {
    /// There are no lines to name.
    Whole(&'static str),
    /// Said after the lines that are not UTF-8.
    Lines(&'static str),
}

const UTF_16: &str = "this is UTF-16, which Windows calls Unicode: convert it first, iconv -f UTF-16 -t UTF-8 FILE > NEW";
const GBK: &str = "the file reads as GBK (GB18030), as Excel and editors on a Chinese Windows write: convert it first, \
                   iconv -f GB18030 -t UTF-8 FILE > NEW";
const EXCEL: &str =
    "this is an Excel workbook or another zip file: save the sheet as CSV in UTF-8, or as text";
const OLD_EXCEL: &str = "this is an old Excel or Word file: save it as CSV in UTF-8, or as text";
const PDF: &str = "this is a PDF: copy its text into a text file";
const GZIP: &str = "this is compressed: unpack it first";

/// What a file is that is no text in UTF-8.
pub(crate) fn other_kind(bytes: &[u8]) -> Option<NotCodes> {
    let begins = [
        (&b"\xff\xfe"[..], UTF_16),
        (b"\xfe\xff", UTF_16),
        (b"PK\x03\x04", EXCEL),
        (b"\xd0\xcf\x11\xe0", OLD_EXCEL),
        (b"%PDF-", PDF),
        (b"\x1f\x8b", GZIP),
    ];
    if let Some((_, what)) = begins.iter().find(|(begin, _)| bytes.starts_with(begin)) {
        return Some(NotCodes::Whole(what));
    }
    if is_utf16_without_mark(bytes) {
        return Some(NotCodes::Whole(UTF_16));
    }
    let is_gbk = std::str::from_utf8(bytes).is_err() && Charset::Gb18030.decode(bytes).is_ok();
    is_gbk.then_some(NotCodes::Lines(GBK))
}

/// ASCII in UTF-16: nearly every second byte is zero.
fn is_utf16_without_mark(bytes: &[u8]) -> bool {
    let zeros = |from: usize| bytes.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let pairs = bytes.len() / 2;
    pairs >= 2 && (zeros(0) * 10 >= pairs * 9 || zeros(1) * 10 >= pairs * 9)
}

#[cfg(test)]
mod tests {
    use super::{GBK, NotCodes, UTF_16, other_kind};

    #[test]
    fn other_files_are_named() {
        let utf16 = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            text.encode_utf16().flat_map(bytes).collect()
        };
        for text in ["\u{feff}AAAA-0001\r\n", "AAAA-0001\nAAAA-0002\n", "\u{feff}卡密\r\n"] {
            for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
                let found = other_kind(&utf16(text, bytes));
                assert_eq!(found, Some(NotCodes::Whole(UTF_16)), "{text:?}");
            }
        }
        assert_eq!(other_kind(b"\xbf\xa8\xc3\xdc,A-1\n"), Some(NotCodes::Lines(GBK)));
        for whole in [&b"PK\x03\x04rest"[..], b"\xd0\xcf\x11\xe0", b"%PDF-1.7", b"\x1f\x8b\x08"] {
            assert!(matches!(other_kind(whole), Some(NotCodes::Whole(_))), "{whole:?}");
        }
        for text in ["", "A", "AAAA-0001\n", "卡密-1\n", "\u{feff}A\n", "a\0b\n", "caf\u{e9}"] {
            assert_eq!(other_kind(text.as_bytes()), None, "{text:?}");
        }
    }
}
