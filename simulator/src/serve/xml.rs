//! The legacy gateway's answers: XML in the charset of the request.

use alipay::{Charset, Form, Rule, Signer};
use axum::http::StatusCode;
use axum::response::Response;

use super::{GatewayFaults, answer};

/// Names and values in the order in which they are written.
pub(super) type Fields = Vec<(&'static str, String)>;

/// `is_success` F with an error code; unsigned, as Alipay's are.
pub(super) fn refused(code: &str, charset: Charset) -> Response {
    let text = format!("<is_success>F</is_success><error>{}</error>", escaped(code));
    document(&text, charset)
}

/// `is_success` T and nothing else.
pub(super) fn done(charset: Charset) -> Response {
    document("<is_success>T</is_success>", charset)
}

/// `is_success` T with the request's parameters and a signed `response/NAME`. The signature covers
/// the fields alone, as parameters of a notification.
///
/// A field that the charset cannot write, or a key that cannot sign, is `SYSTEM_ERROR`.
pub(super) fn signed(
    name: &str,
    fields: Fields,
    request: &Form,
    charset: Charset,
    signer: &Signer,
    faults: &GatewayFaults,
) -> Response {
    let fields: Fields = fields.into_iter().map(|(name, value)| (name, writable(&value))).collect();
    let Some(sign) = signature(&fields, charset, signer) else {
        return refused("SYSTEM_ERROR", charset);
    };
    let echo: String = request
        .iter()
        .filter(|(name, _)| *name != b"sign" && *name != b"sign_type")
        .filter_map(|(name, value)| {
            let (name, value) = (charset.decode(name).ok()?, charset.decode(value).ok()?);
            let (name, value) = (escaped(&writable(&name)), escaped(&writable(&value)));
            Some(format!("<param name=\"{name}\">{value}</param>"))
        })
        .collect();
    let response: String =
        fields.iter().map(|(name, value)| format!("<{name}>{}</{name}>", escaped(value))).collect();
    let text = format!(
        "<is_success>T</is_success><request>{echo}</request>\
         <response><{name}>{response}</{name}></response>\
         <sign>{}</sign><sign_type>{}</sign_type>",
        escaped(&faults.spoiled(sign)),
        signer.sign_type(),
    );
    document(&text, charset)
}

fn signature(fields: &Fields, charset: Charset, signer: &Signer) -> Option<String> {
    let mut form = Form::new();
    for (name, value) in fields {
        form.set(name, charset.encode(value).ok()?);
    }
    signer.sign_form(&mut form, Rule::DropEmpty).ok()?;
    String::from_utf8(form.get("sign")?.to_vec()).ok()
}

fn document(text: &str, charset: Charset) -> Response {
    let text = format!("<?xml version=\"1.0\" encoding=\"{charset}\"?>\n<alipay>{text}</alipay>");
    match charset.encode(&text) {
        Ok(body) => answer::of(StatusCode::OK, "text/xml", charset, body),
        Err(_) => answer::text(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the answer cannot be written in its charset",
        ),
    }
}

/// Without the characters that XML cannot hold at all.
fn writable(text: &str) -> String {
    let holds = |character: &char| match character {
        '\t' | '\n' => true,
        // A line end of any kind is read as \n, which would not be what was signed.
        '\r' | '\u{fffe}' | '\u{ffff}' => false,
        character => *character >= ' ',
    };
    text.chars().filter(holds).collect()
}

/// Text as it is between tags and in attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
