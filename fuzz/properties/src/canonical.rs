//! The signed text of a form, and signatures over it.

use std::collections::BTreeMap;

use alipay::{Form, Protocol, Rule, canonical};

use crate::input;

/// The signed text is what its description says, in whatever order the parameters came; what is signed
/// verifies, and what is changed afterwards does not.
pub fn holds(mut data: &[u8]) {
    let protocol = input::protocol(&mut data);
    let left_out = input::byte(&mut data);
    let touched = input::byte(&mut data);
    let Ok(mut form) = Form::parse(data) else { return };
    let names: Vec<Vec<u8>> = form.iter().map(|(name, _)| name.to_vec()).collect();
    let ignore: Vec<String> = names
        .get(usize::from(left_out))
        .and_then(|name| String::from_utf8(name.clone()).ok())
        .into_iter()
        .collect();

    let pairs: Vec<_> = form.iter().collect();
    let reversed: Form = pairs.into_iter().rev().collect();
    for rule in [Rule::Notification, Rule::DropEmpty, Rule::Request] {
        let text = canonical(&form, rule, &ignore);
        assert_eq!(text, described(&form, rule, &ignore));
        assert_eq!(text, canonical(&reversed, rule, &ignore));
    }

    let verifier = input::verifier(protocol);
    let rule = match protocol {
        Protocol::Mapi => Rule::DropEmpty,
        Protocol::Openapi => Rule::Notification,
    };
    form.set("sign_type", "MD5");
    form.set("sign", input::sign(&canonical(&form, rule, &ignore)));
    let verified = verifier.verify(&form, &ignore, input::now()).expect("it was signed");
    assert_eq!(canonical(&form, verified.rule, &ignore), canonical(&form, rule, &ignore));

    // `alipay_cert_sn` may be unsigned, by design; the others may not.
    let unsigned = ["sign", "sign_type", "alipay_cert_sn"];
    let name = &names[usize::from(touched) % names.len()];
    let is_signed = |name: &[u8]| {
        unsigned.iter().all(|other| other.as_bytes() != name)
            && ignore.iter().all(|other| other.as_bytes() != name)
    };
    if is_signed(name) {
        let text = std::str::from_utf8(name).ok().and_then(|name| form.get(name));
        let Some(value) = text.map(|value| [value, b"x"].concat()) else { return };
        form.set(name, value);
        assert!(verifier.verify(&form, &ignore, input::now()).is_err());
    }
}

/// The rule once more, in the words of its description.
fn described(form: &Form, rule: Rule, ignore: &[String]) -> Vec<u8> {
    let sorted: BTreeMap<&[u8], &[u8]> = form.iter().collect();
    let taken = sorted.iter().filter(|(name, value)| {
        let unsigned = match rule {
            Rule::Request => **name == b"sign",
            Rule::DropEmpty => matches!(**name, b"sign" | b"sign_type") || value.is_empty(),
            Rule::Notification => matches!(**name, b"sign" | b"sign_type"),
        };
        !unsigned && !ignore.iter().any(|other| other.as_bytes() == **name)
    });
    let joined: Vec<Vec<u8>> = taken.map(|(name, value)| [*name, *value].join(&b"="[..])).collect();
    joined.join(&b"&"[..])
}
