//! The common part of requests to the legacy gateway.

use crate::{Charset, Form, KeyError, Rule, Signer};

/// A signed request: `service`, `partner`, `_input_charset`, the parameters that have a value, and
/// the signature over all of them. Of two values for one name the last stays, but the first three
/// cannot be changed.
///
/// # Errors
/// [`KeyError::SigningFailed`], also for a value that the charset cannot write.
pub(super) fn request(
    service: &str,
    partner: &str,
    charset: Charset,
    parameters: &[(&str, &str)],
    signer: &Signer,
) -> Result<Form, KeyError> {
    let common = [("service", service), ("partner", partner), ("_input_charset", charset.name())];
    let mut form = Form::from_pairs(common);
    let parameters = parameters
        .iter()
        .filter(|(name, value)| !value.is_empty() && common.iter().all(|(own, _)| own != name));
    for (name, value) in parameters {
        form.set(name, super::encode(charset, value)?);
    }
    signer.sign_form(&mut form, Rule::DropEmpty)?;
    Ok(form)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::request;
    use crate::{Charset, Form, Md5Key, Signer};

    /// Requests that others signed, made again from their parameters.
    #[test]
    fn requests_of_others() {
        for vector in [
            include_str!("../../tests/fixtures/vectors/07-md5-request-create-direct-pay.json"),
            include_str!("../../tests/fixtures/vectors/08-md5-request-refund-pwd.json"),
            include_str!("../../tests/fixtures/vectors/14-md5-request-direct-pay-cjk.json"),
        ] {
            let vector: Value = serde_json::from_str(vector).unwrap();
            let form = Form::parse(vector["body"].as_str().unwrap().as_bytes()).unwrap();
            let text = |name: &str| std::str::from_utf8(form.get(name).unwrap()).unwrap();
            let common = ["service", "partner", "_input_charset", "sign", "sign_type"];
            let parameters: Vec<(&str, &str)> = form
                .iter()
                .map(|(name, _)| std::str::from_utf8(name).unwrap())
                .filter(|name| !common.contains(name))
                .map(|name| (name, text(name)))
                .chain([("show_url", "")])
                .collect();
            let signer = Signer::Md5(Md5Key::new(vector["key"].as_str().unwrap()));
            let (service, partner) = (text("service"), text("partner"));
            let made = request(service, partner, Charset::Utf8, &parameters, &signer).unwrap();
            assert_eq!(made.get("sign"), form.get("sign"), "{}", vector["id"]);
            assert_eq!(made.len(), form.len(), "an empty value is not sent");
        }
    }
}
