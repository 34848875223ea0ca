//! The language of a page: what the browser asks for.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::request::Parts;

/// A language that the shop has texts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Chinese,
}

impl Language {
    /// The one that a browser prefers: `Accept-Language`, RFC 9110, 12.5.4. English where it names neither.
    pub(crate) fn of(accept_language: &str) -> Language {
        let weight = |language: &str| {
            let ranges = accept_language.split(',').filter_map(|range| {
                let mut parts = range.split(';');
                let name = parts.next()?.trim().to_ascii_lowercase();
                let is_it = name.split('-').next() == Some(language);
                is_it.then(|| {
                    parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(1000, thousandths)
                })
            });
            ranges.max().unwrap_or(0)
        };
        if weight("zh") > weight("en")
            || (weight("zh") > 0 && is_first(accept_language, "zh")) && weight("zh") == weight("en")
        {
            Language::Chinese
        } else {
            Language::English
        }
    }

    /// For the attribute `lang`.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Chinese => "zh-CN",
        }
    }

    /// The text of this language.
    pub(crate) fn say(self, english: &'static str, chinese: &'static str) -> &'static str {
        match self {
            Language::English => english,
            Language::Chinese => chinese,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Language {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Language, Infallible> {
        let wanted = parts.headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Ok(Language::of(wanted.unwrap_or_default()))
    }
}

/// `0.8` as 800; what is no weight counts as 0.
fn thousandths(weight: &str) -> u32 {
    let (whole, part) = weight.trim().split_once('.').unwrap_or((weight.trim(), ""));
    let digits = format!("{part:0<3}");
    match (whole, digits.get(..3).and_then(|digits| digits.parse::<u32>().ok())) {
        ("0", Some(part)) => part,
        ("1", Some(0)) => 1000,
        _ => 0,
    }
}

/// Of two languages that weigh the same, the one that is named first.
fn is_first(accept_language: &str, language: &str) -> bool {
    let names = accept_language.split(',').map(|range| range.trim().to_ascii_lowercase());
    names
        .into_iter()
        .find(|name| name.starts_with("zh") || name.starts_with("en"))
        .is_some_and(|name| name.starts_with(language))
}

#[cfg(test)]
mod tests {
    use super::Language::{self, Chinese, English};

    #[test]
    fn the_browser_chooses() {
        for (header, language) in [
            ("", English),
            ("*", English),
            ("fr", English),
            ("zh", Chinese),
            ("zh-CN,zh;q=0.9,en;q=0.8", Chinese),
            ("zh-Hans-CN", Chinese),
            ("ZH-tw", Chinese),
            ("en-US,en;q=0.9,zh-CN;q=0.8", English),
            ("en;q=0.5, zh;q=0.7", Chinese),
            ("fr, zh;q=0.1", Chinese),
            ("zh;q=0, en;q=0.1", English),
            ("zh;q=0", English),
            ("zh,en", Chinese),
            ("en,zh", English),
            ("zh;q=many", English),
            ("zha", English),
            (";;q=,,", English),
            ("zh; q=0.85 , en; q=0.9", English),
        ] {
            assert_eq!(Language::of(header), language, "{header}");
        }
    }
}
