//! Answers of the legacy gateway.

use alipay::{
    AnswerError, Charset, CloseAnswer, Form, Notification, NotifyVerifyAnswer, Protocol,
    QueryAnswer, Rule, TimestampAnswer, Unreadable, canonical,
};

use crate::input;

/// Raw bytes are never a trade, since nobody signed them; and a form that is written as XML and signed
/// is the same trade as the form itself would be as a notification.
pub fn holds(mut data: &[u8]) {
    let charset = input::charset(&mut data);
    raw(data, charset);
    let style = input::byte(&mut data);
    if let Ok(form) = Form::parse(data) {
        written(&form, charset, style);
    }
}

fn raw(body: &[u8], charset: Charset) {
    let verifier = input::verifier(Protocol::Mapi);
    let answer = QueryAnswer::read(body, Protocol::Mapi, charset, &verifier, input::now());
    match answer {
        Ok(QueryAnswer::Trade(_)) => panic!("an unsigned trade was believed"),
        // Not signed by the gateway, and says nothing about money.
        Ok(QueryAnswer::NotExist) => {}
        Err(error) => assert!(error.to_string().len() < 1200, "{error}"),
    }
    let close = CloseAnswer::read(body, Protocol::Mapi, charset, &verifier, input::now());
    if let Err(error) = close {
        assert!(error.to_string().len() < 1200, "{error}");
    }
    if let Ok(TimestampAnswer { encrypt_key }) = TimestampAnswer::read(body, charset) {
        assert!(!encrypt_key.is_empty());
    }
    let words: [&[u8]; 3] = [b"true", b"false", b"invalid"];
    assert_eq!(NotifyVerifyAnswer::read(body).is_ok(), words.contains(&body));
}

fn written(form: &Form, charset: Charset, style: u8) {
    let mut fields = Form::new();
    let mut xml = String::new();
    let mut has_line_ends_alone = false;
    for (name, value) in form.iter() {
        // What XML can name and hold, and what is a parameter of a trade's answer.
        let Some(name) = std::str::from_utf8(name).ok().filter(|name| is_name(name)) else {
            return;
        };
        let Some(value) = charset.decode(value).ok().filter(|value| is_text(value)) else { return };
        let Ok(bytes) = charset.encode(&value) else { return };
        fields.set(name, bytes);
        xml.push_str(&format!("<{name}>{}</{name}>", escape(&value, style)));
        has_line_ends_alone |= value.replace("\r\n", "").contains(['\r', '\n']);
    }
    if style & LINE_ENDS != 0 && has_line_ends_alone {
        return;
    }
    let sign = input::sign(&canonical(&fields, Rule::DropEmpty, &[]));
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"{charset}\"?><alipay><is_success>T</is_success>\
         <request><param name=\"trade_no\">x</param></request>\
         <response><trade>{xml}</trade></response>\
         <sign>{sign}</sign><sign_type>MD5</sign_type></alipay>"
    );
    let Ok(body) = charset.encode(&body) else { return };
    let read = |body: &[u8]| {
        let verifier = input::verifier(Protocol::Mapi);
        QueryAnswer::read(body, Protocol::Mapi, charset, &verifier, input::now())
    };
    let expected = match Notification::read(&fields, Protocol::Mapi, charset) {
        Ok(Notification::Trade(trade)) => Ok(QueryAnswer::Trade(trade)),
        Ok(_) | Err(Unreadable::MsgMethod { .. }) => return,
        Err(error) => Err(AnswerError::Unreadable(error)),
    };
    assert_eq!(read(&body), expected);

    let other = "</trade></response>";
    let other = String::from_utf8_lossy(&body).replace(other, &format!("<x>y</x>{other}"));
    if charset == Charset::Utf8 && fields.get("x").is_none() {
        assert!(matches!(read(other.as_bytes()), Err(AnswerError::Signature(_))));
    }
}

fn is_name(name: &str) -> bool {
    // A notification's type says what to read; an answer has none.
    name != "notify_type"
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// The characters of XML 1.0.
fn is_text(text: &str) -> bool {
    text.chars().all(|character| {
        matches!(character,
            '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
    })
}

/// How a value may be written, and be signed as it was before.
const CDATA: u8 = 1;
const REFERENCES: u8 = 2;
/// Escaped once more than XML asks for: seen at Alipay, so the reader tries that too.
const TWICE: u8 = 4;
/// Line ends of two characters as they are, of which every XML parser makes one.
const LINE_ENDS: u8 = 8;

fn escape(text: &str, style: u8) -> String {
    if style & TWICE != 0 && style & LINE_ENDS == 0 {
        let once = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        return escape(&once, style & !TWICE);
    }
    // A line end of two characters survives only as a reference.
    if style & CDATA != 0 && !text.contains("]]>") && !text.contains('\r') {
        return format!("<![CDATA[{text}]]>");
    }
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' | '\n' if style & LINE_ENDS != 0 => out.push(character),
            '\r' => out.push_str("&#13;"),
            other if style & REFERENCES != 0 && other != ' ' => {
                out.push_str(&format!("&#x{:x};", u32::from(other)));
            }
            other => out.push(other),
        }
    }
    out
}
