//! The character sets that messages are written in.

use std::fmt;

use encoding_rs::Encoding;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::form::{Form, printable};

/// A character set that Alipay and its merchants use.
///
/// Decoding and encoding are strict: what does not fit is an error, never a replacement character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Charset {
    /// UTF-8.
    Utf8,
    /// GBK, which contains GB2312: what Alipay writes when a merchant named no charset.
    Gbk,
    /// GB18030, the superset of GBK that covers all of Unicode.
    Gb18030,
}

/// Why text could not be decoded or encoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CharsetError {
    /// The message names a character set that we do not accept.
    #[error("unknown charset {name}: expected utf-8, gbk, gb2312 or gb18030")]
    Unknown {
        /// The name as received, unprintable bytes escaped, cut after 64 characters.
        name: String,
    },
    /// The bytes are not text in this character set.
    #[error("the bytes are not valid {charset}")]
    Undecodable {
        /// The character set that was expected.
        charset: Charset,
    },
    /// The text has a character that this character set cannot write.
    #[error("the text cannot be written in {charset}")]
    Unencodable {
        /// The character set asked for.
        charset: Charset,
    },
}

impl Charset {
    /// The charset of requests to a gateway, and of its answers. The gateways have no GB18030; GBK is all of it that
    /// they use.
    pub fn at_the_gateway(self) -> Charset {
        match self {
            Charset::Gb18030 => Charset::Gbk,
            other => other,
        }
    }

    /// The character set of a name, in any case: `utf-8`, `utf8`, `gbk`, `gb2312`, `gb18030`.
    /// Other names are not accepted, although libraries know hundreds.
    pub fn named(name: &[u8]) -> Option<Charset> {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        if is("utf-8") || is("utf8") {
            Some(Charset::Utf8)
        } else if is("gbk") || is("gb2312") {
            Some(Charset::Gbk)
        } else if is("gb18030") {
            Some(Charset::Gb18030)
        } else {
            None
        }
    }

    /// The character set of a message: its `charset` parameter where there is one (the Open
    /// Platform sends it), else the configured one (the legacy gateway sends none).
    ///
    /// # Errors
    /// [`CharsetError::Unknown`] for a name that [`Charset::named`] does not know.
    pub fn of(form: &Form, configured: Charset) -> Result<Charset, CharsetError> {
        match form.get("charset") {
            None | Some([]) => Ok(configured),
            Some(name) => {
                Charset::named(name).ok_or_else(|| CharsetError::Unknown { name: printable(name) })
            }
        }
    }

    /// The name in configuration files and messages: `utf-8`, `gbk` or `gb18030`.
    pub fn name(self) -> &'static str {
        match self {
            Charset::Utf8 => "utf-8",
            Charset::Gbk => "gbk",
            Charset::Gb18030 => "gb18030",
        }
    }

    /// Decodes bytes. A byte order mark is a character like any other: it was signed.
    ///
    /// # Errors
    /// [`CharsetError::Undecodable`] when any byte does not fit.
    pub fn decode(self, bytes: &[u8]) -> Result<String, CharsetError> {
        self.encoding()
            .decode_without_bom_handling_and_without_replacement(bytes)
            .map(String::from)
            .ok_or(CharsetError::Undecodable { charset: self })
    }

    /// Encodes text.
    ///
    /// # Errors
    /// [`CharsetError::Unencodable`] when the character set lacks a character.
    pub fn encode(self, text: &str) -> Result<Vec<u8>, CharsetError> {
        match self.encoding().encode(text) {
            (bytes, _, false) => Ok(bytes.into_owned()),
            (_, _, true) => Err(CharsetError::Unencodable { charset: self }),
        }
    }

    /// How many bytes of `source` decoded to `text`, with which the decoding of `source` begins.
    /// Encoding the text again would not do: some characters have two forms in GBK.
    pub(crate) fn source_length(self, source: &[u8], text: &str) -> Option<usize> {
        if self == Charset::Utf8 {
            return Some(text.len());
        }
        let mut length = 0;
        for _ in text.chars() {
            length += match (source.get(length)?, source.get(length + 1)) {
                (..=0x80, _) => 1,
                (_, Some(b'0'..=b'9')) => 4,
                _ => 2,
            };
        }
        Some(length)
    }

    fn encoding(self) -> &'static Encoding {
        match self {
            Charset::Utf8 => encoding_rs::UTF_8,
            Charset::Gbk => encoding_rs::GBK,
            Charset::Gb18030 => encoding_rs::GB18030,
        }
    }
}

impl fmt::Display for Charset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Charset {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Reads every name that [`Charset::named`] knows.
impl<'de> Deserialize<'de> for Charset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Charset, D::Error> {
        let name = String::deserialize(deserializer)?;
        Charset::named(name.as_bytes()).ok_or_else(|| {
            serde::de::Error::custom(CharsetError::Unknown { name: printable(name.as_bytes()) })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Charset, CharsetError};
    use crate::Form;

    #[test]
    fn names() {
        let names = ["utf-8", "UTF-8", "UTF8", "GBK", "gb2312", "GB18030"];
        let found: Vec<_> = names.iter().map(|name| Charset::named(name.as_bytes())).collect();
        let (utf8, gbk, gb18030) =
            (Some(Charset::Utf8), Some(Charset::Gbk), Some(Charset::Gb18030));
        assert_eq!(found, [utf8, utf8, utf8, gbk, gbk, gb18030]);
        for other in ["", "utf-16", "latin1", "utf-8 ", "big5"] {
            assert_eq!(Charset::named(other.as_bytes()), None, "{other:?}");
        }
    }

    #[test]
    fn the_message_speaks_before_the_configuration() {
        let of = |body: &[u8]| Charset::of(&Form::parse(body).unwrap(), Charset::Utf8);
        assert_eq!(of(b"charset=GBK"), Ok(Charset::Gbk));
        assert_eq!(of(b"charset="), Ok(Charset::Utf8));
        assert_eq!(of(b"subject=x"), Ok(Charset::Utf8));
        assert_eq!(of(b"charset=utf-7"), Err(CharsetError::Unknown { name: "utf-7".to_owned() }));
    }

    #[test]
    fn decodes_strictly() {
        let bytes = b"\xb2\xe2\xca\xd4";
        assert_eq!(Charset::Gbk.decode(bytes).unwrap(), "\u{6d4b}\u{8bd5}");
        assert_eq!(Charset::Gb18030.decode(bytes).unwrap(), "\u{6d4b}\u{8bd5}");
        let charset = Charset::Utf8;
        assert_eq!(charset.decode(bytes), Err(CharsetError::Undecodable { charset }));
        for charset in [Charset::Utf8, Charset::Gbk, Charset::Gb18030] {
            assert_eq!(charset.decode(b"abc\xb2"), Err(CharsetError::Undecodable { charset }));
            assert_eq!(charset.decode(b"\xff"), Err(CharsetError::Undecodable { charset }));
        }
    }

    #[test]
    fn keeps_a_byte_order_mark() {
        assert_eq!(Charset::Utf8.decode(b"\xef\xbb\xbfa").unwrap(), "\u{feff}a");
        // The mark of UTF-8 is two other characters in GBK; it must not switch the decoder.
        assert_ne!(Charset::Gbk.decode(b"\xef\xbb\xbf\xef").unwrap(), "\u{feff}");
    }

    #[test]
    fn encodes_strictly() {
        assert_eq!(Charset::Gbk.encode("\u{6d4b}").unwrap(), b"\xb2\xe2");
        let charset = Charset::Gbk;
        assert_eq!(charset.encode("\u{1f600}"), Err(CharsetError::Unencodable { charset }));
        let smile = Charset::Gb18030.encode("\u{1f600}").unwrap();
        assert_eq!(Charset::Gb18030.decode(&smile).unwrap(), "\u{1f600}");
    }

    #[test]
    fn json_is_the_name() {
        for charset in [Charset::Utf8, Charset::Gbk, Charset::Gb18030] {
            let json = serde_json::to_string(&charset).unwrap();
            assert_eq!(json, format!("\"{charset}\""));
            assert_eq!(serde_json::from_str::<Charset>(&json).unwrap(), charset);
        }
        assert_eq!(serde_json::from_str::<Charset>("\"UTF8\"").unwrap(), Charset::Utf8);
        let error = serde_json::from_str::<Charset>("\"big5\"").unwrap_err();
        assert!(error.to_string().contains("unknown charset big5"), "{error}");
    }
}
