//! The parameters of a message, as bytes.

use std::fmt;

use crate::percent;

/// The largest number of parameters that a form may have. Alipay sends about 25.
pub const MAX_PARAMETERS: usize = 256;

/// The parameters of a message, decoded once to bytes, in the order received.
///
/// Values stay bytes because the signature covers bytes: text in GBK would not survive a
/// conversion to UTF-8 before the check. Every parameter is kept, known or not, because every
/// parameter is signed. No name occurs twice.
#[derive(Clone, Default)]
pub struct Form {
    /// All names and values, one after the other: one allocation for the whole form.
    bytes: Vec<u8>,
    parameters: Vec<Span>,
}

/// Where a parameter lies in `Form::bytes`.
#[derive(Clone, Copy)]
struct Span {
    name_start: usize,
    value_start: usize,
    value_end: usize,
}

/// Why a body is not a form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// The body holds no parameter at all.
    #[error("the form is empty")]
    Empty,
    /// The body holds more than [`MAX_PARAMETERS`] parameters.
    #[error("the form has more than {limit} parameters")]
    TooManyParameters {
        /// The largest number that is accepted.
        limit: usize,
    },
    /// One name has two values, so it is unclear which one was signed.
    #[error("the parameter {name} occurs twice")]
    DuplicateParameter {
        /// The decoded name, its unprintable bytes escaped, cut after 64 characters.
        name: String,
    },
}

impl Form {
    /// A form without parameters, to be filled with [`Form::set`].
    pub fn new() -> Form {
        Form::default()
    }

    /// Reads an `application/x-www-form-urlencoded` body (or the query of a return URL).
    ///
    /// Splits on `&`, then on the first `=`, and then decodes name and value once. Empty segments
    /// (`a=1&&b=2`) are skipped; a segment without `=` is a name with an empty value. Nothing is
    /// trimmed or repaired.
    ///
    /// # Errors
    /// No parameter, more than [`MAX_PARAMETERS`] (found without reading the rest of the body), or
    /// a name that occurs twice after decoding.
    pub fn parse(body: &[u8]) -> Result<Form, FormError> {
        let mut form = Form { bytes: Vec::with_capacity(body.len()), parameters: Vec::new() };
        for segment in body.split(|&byte| byte == b'&').filter(|segment| !segment.is_empty()) {
            if form.len() == MAX_PARAMETERS {
                return Err(FormError::TooManyParameters { limit: MAX_PARAMETERS });
            }
            let equals = segment.iter().position(|&byte| byte == b'=').unwrap_or(segment.len());
            let (name, value) = segment.split_at(equals);
            let name_start = form.bytes.len();
            percent::decode_into(&mut form.bytes, name);
            let value_start = form.bytes.len();
            percent::decode_into(&mut form.bytes, value.get(1..).unwrap_or_default());
            let value_end = form.bytes.len();
            form.parameters.push(Span { name_start, value_start, value_end });
        }
        if form.is_empty() {
            return Err(FormError::Empty);
        }
        match form.duplicate() {
            Some(name) => Err(FormError::DuplicateParameter { name: printable(name) }),
            None => Ok(form),
        }
    }

    /// A form of the given parameters, in their order; of two values for one name the last stays.
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Form
    where
        N: AsRef<[u8]>,
        V: AsRef<[u8]>,
    {
        let mut form = Form::new();
        for (name, value) in pairs {
            form.set(name, value);
        }
        form
    }

    /// The value of a parameter, `None` where there is none. A parameter without value is
    /// `Some` of nothing.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|(own, _)| *own == name.as_bytes()).map(|(_, value)| value)
    }

    /// Name and value of every parameter, in the order received.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.parameters.iter().map(|parameter| {
            let name = &self.bytes[parameter.name_start..parameter.value_start];
            (name, &self.bytes[parameter.value_start..parameter.value_end])
        })
    }

    /// Replaces the value of a parameter, or appends the parameter.
    pub fn set(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        let (name, value) = (name.as_ref(), value.as_ref());
        let name_start = self.bytes.len();
        let value_start = name_start + name.len();
        let parameter = Span { name_start, value_start, value_end: value_start + value.len() };
        // Bytes of a replaced value stay behind unused: forms live for one message.
        let index = self.iter().position(|(own, _)| own == name);
        match index {
            Some(index) => self.parameters[index] = parameter,
            None => self.parameters.push(parameter),
        }
        self.bytes.extend_from_slice(name);
        self.bytes.extend_from_slice(value);
    }

    /// Removes a parameter; says whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        let index = self.iter().position(|(own, _)| own == name.as_bytes());
        index.map(|index| self.parameters.remove(index)).is_some()
    }

    /// The number of parameters.
    pub fn len(&self) -> usize {
        self.parameters.len()
    }

    /// Whether there is no parameter.
    pub fn is_empty(&self) -> bool {
        self.parameters.is_empty()
    }

    /// The form as `application/x-www-form-urlencoded` text the way Alipay writes it: space as
    /// `+`, escapes with upper-case hex digits, only letters, digits and `*-._` unescaped.
    pub fn encode(&self) -> String {
        let mut text = String::with_capacity(self.bytes.len() + self.bytes.len() / 2);
        for (index, (name, value)) in self.iter().enumerate() {
            if index > 0 {
                text.push('&');
            }
            percent::encode_into(&mut text, name);
            text.push('=');
            percent::encode_into(&mut text, value);
        }
        text
    }

    /// A name that occurs twice. Sorting keeps the worst case (256 equally long names) cheap.
    fn duplicate(&self) -> Option<&[u8]> {
        let mut names: Vec<&[u8]> = self.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
    }
}

/// Equal when the same parameters stand in the same order.
impl PartialEq for Form {
    fn eq(&self, other: &Form) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Form {}

/// Shows the names only: values are buyers' data and signatures, which no log may hold.
impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| printable(name))).finish()
    }
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>> FromIterator<(N, V)> for Form {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Form {
        Form::from_pairs(pairs)
    }
}

/// Bytes for an error message: escaped and not too long.
pub(crate) fn printable(bytes: &[u8]) -> String {
    bytes.escape_ascii().take(64).map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::{Form, FormError, MAX_PARAMETERS};

    fn pairs(body: &[u8]) -> Vec<(String, String)> {
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        Form::parse(body).unwrap().iter().map(|(name, value)| (text(name), text(value))).collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn splits_before_decoding() {
        assert_eq!(pairs(b"sign=ab%3D%3D&x=1%262"), [pair("sign", "ab=="), pair("x", "1&2")]);
        assert_eq!(pairs(b"sign=ab==&x=y=z"), [pair("sign", "ab=="), pair("x", "y=z")]);
        assert_eq!(pairs(b"%61=1"), [pair("a", "1")]);
    }

    #[test]
    fn keeps_order_and_empty_values_and_skips_empty_segments() {
        assert_eq!(pairs(b"&b=2&&a=&c&"), [pair("b", "2"), pair("a", ""), pair("c", "")]);
        assert_eq!(pairs(b"=1"), [pair("", "1")]);
    }

    #[test]
    fn trims_nothing() {
        assert_eq!(pairs(b" a = 1 \r\n"), [pair(" a ", " 1 \\r\\n")]);
    }

    #[test]
    fn refuses_nothing_at_all() {
        for body in ["", "&", "&&&"] {
            assert_eq!(Form::parse(body.as_bytes()), Err(FormError::Empty));
        }
    }

    #[test]
    fn refuses_duplicates_after_decoding() {
        let error = Form::parse(b"a=1&b=2&%61=1").unwrap_err();
        assert_eq!(error, FormError::DuplicateParameter { name: "a".to_owned() });
        let error = Form::parse(b"%E4=1&%e4=2").unwrap_err();
        assert_eq!(error.to_string(), "the parameter \\xe4 occurs twice");
    }

    #[test]
    fn limits_the_number_of_parameters() {
        let body = |count: usize| {
            let names: Vec<String> = (0..count).map(|index| format!("p{index}=")).collect();
            names.join("&")
        };
        let form = Form::parse(body(MAX_PARAMETERS).as_bytes()).unwrap();
        assert_eq!(form.len(), MAX_PARAMETERS);
        let limit = MAX_PARAMETERS;
        for count in [MAX_PARAMETERS + 1, 10_000] {
            let error = Form::parse(body(count).as_bytes()).unwrap_err();
            assert_eq!(error, FormError::TooManyParameters { limit });
        }
    }

    #[test]
    fn set_replaces_in_place_and_appends() {
        let mut form = Form::from_pairs([("a", "1"), ("b", "2")]);
        form.set("a", "longer");
        form.set("c", b"\xb2\xe2");
        assert_eq!(form.encode(), "a=longer&b=2&c=%B2%E2");
        assert!(form.remove("b"));
        assert!(!form.remove("b"));
        assert_eq!(form.get("b"), None);
        assert_eq!(form.get("c"), Some(&b"\xb2\xe2"[..]));
        assert_eq!(form.len(), 2);
        assert_eq!(form, Form::parse(b"a=longer&c=%b2%E2").unwrap());
        assert_ne!(form, Form::parse(b"c=%B2%E2&a=longer").unwrap());
    }

    #[test]
    fn debug_shows_no_values() {
        let form = Form::from_pairs([("buyer_email", "someone@example.com")]);
        assert_eq!(format!("{form:?}"), r#"["buyer_email"]"#);
    }
}
