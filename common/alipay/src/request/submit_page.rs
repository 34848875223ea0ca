//! A request as a page that sends itself.

use super::link;
use crate::{Charset, CharsetError, Form};

/// An HTML page, in UTF-8, that POSTs a request to the gateway as soon as a browser shows it, and
/// has a button for browsers without scripts. For requests that are too long for a
/// [`link`](crate::link), and to keep them out of the history.
///
/// A browser sends a line break inside a value as two characters, which is not what was signed:
/// such requests need a link.
///
/// # Errors
/// [`CharsetError::Undecodable`] when the form is not in this character set.
pub fn submit_page(gateway: &str, form: &Form, charset: Charset) -> Result<String, CharsetError> {
    // The charset stands in the address too: without it the gateway guesses that of a POST.
    let named = ["_input_charset", "charset"].into_iter();
    let named = named.filter_map(|name| form.get(name).map(|value| (name, value)));
    let action = match Form::from_pairs(named) {
        none if none.is_empty() => gateway.to_owned(),
        named => link(gateway, &named),
    };
    let mut inputs = String::new();
    for (name, value) in form.iter() {
        let (name, value) = (charset.decode(name)?, charset.decode(value)?);
        inputs.push_str(&format!(
            "<input type=\"hidden\" name=\"{}\" value=\"{}\">\n",
            escape(&name),
            escape(&value)
        ));
    }
    Ok(format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>Alipay</title></head><body>\n\
         <form method=\"post\" accept-charset=\"{charset}\" action=\"{}\">\n{inputs}\
         <button>Alipay</button>\n</form>\n\
         <script>document.forms[0].submit();</script>\n</body></html>\n",
        escape(&action)
    ))
}

fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#39;")
}
