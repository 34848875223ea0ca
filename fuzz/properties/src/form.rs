//! Bodies of forms.

use alipay::{Form, FormError, MAX_PARAMETERS, ascii_form};

/// A body is read as `form_urlencoded` reads it, comes back from both of its encodings, and is
/// refused for the reasons that there are.
pub fn holds(data: &[u8]) {
    let ascii = ascii_form(data);
    assert!(ascii.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    assert_eq!(ascii_form(ascii.as_bytes()), ascii);
    let read = Form::parse(data);
    assert_eq!(Form::parse(ascii.as_bytes()), read);

    let segments = data.split(|&byte| byte == b'&').filter(|part| !part.is_empty()).count();
    match read {
        Err(FormError::Empty) => assert_eq!(segments, 0),
        Err(FormError::TooManyParameters { .. }) => assert!(segments > MAX_PARAMETERS),
        Err(FormError::DuplicateParameter { name }) => {
            assert!(name.len() <= 64);
            let mut names: Vec<_> = form_urlencoded::parse(data).map(|(name, _)| name).collect();
            names.sort_unstable();
            assert!(names.windows(2).any(|pair| pair[0] == pair[1]));
        }
        Ok(form) => {
            assert_eq!(form.len(), segments);
            assert!(form.len() <= MAX_PARAMETERS);
            // The other reader makes text of it, so bytes that are none look alike there.
            let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
            let pairs: Vec<_> =
                form.iter().map(|(name, value)| (text(name), text(value))).collect();
            assert!(form_urlencoded::parse(data).into_owned().eq(pairs.iter().cloned()));
            let encoded = form.encode();
            assert!(form_urlencoded::parse(encoded.as_bytes()).into_owned().eq(pairs));
            assert_eq!(Form::parse(encoded.as_bytes()), Ok(form));
        }
    }
}
