//! Answers of the legacy gateway: XML with signed fields.

use chrono::{DateTime, Utc};
use roxmltree::{Document, Node, ParsingOptions};

use super::error::not_an_answer;
use super::{AnswerError, MAX_ANSWER};
use crate::{Charset, Form, MAX_PARAMETERS, Verifier};

/// More nodes than any answer has: about 40 fields with their texts, and the request repeated.
const MAX_NODES: u32 = 4096;

/// An answer, its signature not yet checked.
pub(super) enum XmlAnswer {
    /// `is_success` is `T`.
    Success(Fields),
    /// `is_success` is `F`, with the word in `error`. The gateway does not sign these.
    Failure(String),
}

/// The fields of the answer with the signature over them.
pub(super) struct Fields {
    pairs: Vec<(String, String)>,
    sign: Option<String>,
    sign_type: Option<String>,
    charset: Charset,
    /// Whether line ends of two characters may have become one: every XML parser does that.
    had_line_ends: bool,
}

impl XmlAnswer {
    /// Reads an answer whose fields stand in `response/name` (`trade`).
    ///
    /// The XML declaration says in which character set, else it is that of the request.
    ///
    /// # Errors
    /// [`AnswerError::NotAnAnswer`].
    pub(super) fn read(
        body: &[u8],
        name: &str,
        charset: Charset,
    ) -> Result<XmlAnswer, AnswerError> {
        let (text, charset) = decode(body, charset)?;
        let document = parse(&text)?;
        let root = root(&document)?;
        if let Some(error) = error(root)? {
            return Ok(XmlAnswer::Failure(error));
        }
        let response = child(root, "response")?.ok_or(not_an_answer("it has no response"))?;
        let fields =
            child(response, name)?.ok_or(not_an_answer("its response is of another kind"))?;
        Ok(XmlAnswer::Success(Fields {
            pairs: pairs(fields)?,
            sign: word(root, "sign")?.filter(|sign| !sign.is_empty()),
            sign_type: word(root, "sign_type")?,
            charset,
            had_line_ends: text.contains('\r'),
        }))
    }
}

/// Whether the gateway did what was asked, of an answer without fields or signature; else its
/// error.
pub(super) fn success_or_error(
    body: &[u8],
    charset: Charset,
) -> Result<Option<String>, AnswerError> {
    let (text, _) = decode(body, charset)?;
    error(root(&parse(&text)?)?)
}

impl Fields {
    /// The fields, once their signature was checked, with the character set of their bytes.
    ///
    /// Sources disagree how often a value is escaped before it is signed (a subject `a&b` was seen
    /// as `a&amp;amp;b`), so the other readings are tried when the first one fails. The fields are
    /// those of the reading that was signed.
    ///
    /// # Errors
    /// [`AnswerError::Unsigned`] and [`AnswerError::Signature`].
    pub(super) fn verified(
        self,
        verifier: &Verifier,
        at: DateTime<Utc>,
    ) -> Result<(Form, Charset), AnswerError> {
        let sign = self.sign.as_deref().ok_or(AnswerError::Unsigned)?;
        let mut first_error = None;
        for reading in self.readings() {
            let mut form = Form::new();
            for (name, value) in &reading {
                let bytes = self
                    .charset
                    .encode(value)
                    .map_err(|_| not_an_answer("a value cannot be written in its charset"))?;
                form.set(name, bytes);
            }
            form.set("sign", sign);
            form.set("sign_type", self.sign_type.as_deref().unwrap_or_default());
            match verifier.verify(&form, &[], at) {
                Ok(_) => return Ok((form, self.charset)),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        Err(first_error.map_or(AnswerError::Unsigned, AnswerError::Signature))
    }

    /// A value whose signature is not checked: nothing to act upon. An empty one is none.
    pub(super) fn unverified(self, name: &str) -> Option<String> {
        let found = self.pairs.into_iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value).filter(|value| !value.is_empty())
    }

    /// The values as XML gives them, and what else the gateway may have signed, without repeats.
    fn readings(&self) -> Vec<Vec<(String, String)>> {
        let each = |change: fn(&str) -> String| -> Vec<(String, String)> {
            self.pairs.iter().map(|(name, value)| (name.clone(), change(value))).collect()
        };
        let mut readings = vec![self.pairs.clone(), each(unescape)];
        if self.had_line_ends {
            readings.push(each(|value| value.replace('\n', "\r\n")));
        }
        readings.dedup();
        readings
    }
}

/// The text of an answer, and the charset that it declares or that of the request.
fn decode(body: &[u8], charset: Charset) -> Result<(String, Charset), AnswerError> {
    if body.len() > MAX_ANSWER {
        return Err(not_an_answer("it is larger than 1 MiB"));
    }
    let charset = match declared_encoding(body) {
        None => charset,
        Some(name) => Charset::named(name)
            .ok_or(not_an_answer("its XML declares an encoding that Alipay does not use"))?,
    };
    let text =
        charset.decode(body).map_err(|_| not_an_answer("its bytes are not text in its charset"))?;
    Ok((text, charset))
}

fn parse(text: &str) -> Result<Document<'_>, AnswerError> {
    // A DTD could define entities: the text would not be what was signed.
    let options =
        ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, entity_resolver: None };
    Document::parse_with_options(text, options)
        .map_err(|_| not_an_answer("it is no XML, or has a DTD or thousands of nodes"))
}

fn root<'a, 'i>(document: &'a Document<'i>) -> Result<Node<'a, 'i>, AnswerError> {
    let root = document.root_element();
    if !root.has_tag_name("alipay") {
        return Err(not_an_answer("its XML is not an alipay element"));
    }
    Ok(root)
}

/// The `error`, where `is_success` says that there is one.
fn error(root: Node<'_, '_>) -> Result<Option<String>, AnswerError> {
    match word(root, "is_success")?.as_deref() {
        Some("T") => Ok(None),
        Some("F") => match word(root, "error")?.filter(|error| !error.is_empty()) {
            Some(error) => Ok(Some(error)),
            None => Err(not_an_answer("it has no error")),
        },
        _ => Err(not_an_answer("its is_success is neither T nor F")),
    }
}

/// The text of the only child element of a name, without space around it.
fn word(parent: Node<'_, '_>, name: &str) -> Result<Option<String>, AnswerError> {
    Ok(child(parent, name)?.map(|node| value(node).trim().to_owned()))
}

/// The name in `<?xml ... encoding="..."?>`, which is ASCII in every character set here.
fn declared_encoding(body: &[u8]) -> Option<&[u8]> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let declaration = body.strip_prefix(b"<?xml")?;
    let end = declaration.windows(2).take(200).position(|pair| pair == b"?>")?;
    let declaration = &declaration[..end];
    let key = b"encoding";
    let after = declaration.windows(key.len()).position(|word| word == key)? + key.len();
    let after = declaration[after..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (&quote, after) = after.split_first()?;
    let end = after.iter().position(|&byte| byte == quote)?;
    matches!(quote, b'"' | b'\'').then_some(&after[..end])
}

/// The only child element of a name.
fn child<'a, 'i>(parent: Node<'a, 'i>, name: &str) -> Result<Option<Node<'a, 'i>>, AnswerError> {
    let mut children = parent.children().filter(|node| node.has_tag_name(name));
    let found = children.next();
    match children.next() {
        None => Ok(found),
        Some(_) => Err(not_an_answer("an element occurs twice")),
    }
}

/// Name and value of each child that holds text alone.
fn pairs(parent: Node<'_, '_>) -> Result<Vec<(String, String)>, AnswerError> {
    let fields = parent.children().filter(Node::is_element);
    let fields = fields.filter(|field| !field.children().any(|node| node.is_element()));
    let pairs: Vec<_> =
        fields.map(|field| (field.tag_name().name().to_owned(), value(field))).collect();
    if pairs.len() > MAX_PARAMETERS {
        return Err(not_an_answer("it has hundreds of fields"));
    }
    let mut names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(not_an_answer("an element occurs twice"));
    }
    Ok(pairs)
}

/// All text of an element, untrimmed.
fn value(node: Node<'_, '_>) -> String {
    node.children().filter(Node::is_text).filter_map(|text| text.text()).collect()
}

/// Undoes one more round of escaping: the five entities of XML. Anything else stays.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let entities =
            [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&apos;", '\'')];
        match entities.iter().find(|(entity, _)| rest.starts_with(entity)) {
            Some((entity, character)) => {
                out.push(*character);
                rest = &rest[entity.len()..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}
