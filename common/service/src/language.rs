//! The language of a page: the one that was chosen on a page before, else the one that the browser asks for.
//!
//! Texts of pages are written as [`say`]`("中文", "English")`. What programs print and servers answer is English in both.

use hyper::header::{ACCEPT_LANGUAGE, COOKIE, HeaderMap};

tokio::task_local! {
    static LANGUAGE: Language;
}

/// A language of pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Simplified Chinese.
    Chinese,
    /// English.
    English,
}

/// The parameter of an address that chooses a language, and the cookie that keeps the choice.
pub const NAME: &str = "lang";

impl Language {
    /// Its tag (RFC 5646), in `lang` attributes and in the cookie.
    pub fn tag(self) -> &'static str {
        match self {
            Language::Chinese => "zh-CN",
            Language::English => "en",
        }
    }

    /// The other one, for the link that changes it.
    pub fn other(self) -> Language {
        match self {
            Language::Chinese => Language::English,
            Language::English => Language::Chinese,
        }
    }

    /// The one whose tag this is, as the parameter [`NAME`] of an address has it.
    pub fn of_tag(tag: &str) -> Option<Language> {
        [Language::Chinese, Language::English].into_iter().find(|one| one.tag() == tag)
    }

    /// The value of `Set-Cookie` that keeps the choice for a year, for pages at this path and below it.
    pub fn cookie(self, path: &str) -> String {
        let tag = self.tag();
        format!("{NAME}={tag}; Path={path}; Max-Age=31536000; SameSite=Lax; HttpOnly")
    }

    /// What the cookie says, else the first of the browser's languages that there is; else English.
    pub fn of(headers: &HeaderMap) -> Language {
        let values = |name| headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        let cookies = values(COOKIE).flat_map(|value| value.split(';'));
        let mut pairs = cookies.filter_map(|pair| pair.trim().split_once('='));
        let kept = pairs.find_map(|(name, tag)| (name == NAME).then(|| Language::of_tag(tag))?);
        kept.or_else(|| values(ACCEPT_LANGUAGE).find_map(accepted)).unwrap_or(Language::English)
    }

    /// Makes a page in this language.
    pub fn within<T>(self, make: impl FnOnce() -> T) -> T {
        LANGUAGE.sync_scope(self, make)
    }

    /// The same, for what waits meanwhile.
    pub async fn scope<T>(self, answer: impl Future<Output = T>) -> T {
        LANGUAGE.scope(self, answer).await
    }

    /// The language of the page that is being made.
    pub fn here() -> Language {
        LANGUAGE.try_with(|language| *language).unwrap_or(Language::English)
    }
}

/// The one with the greatest weight (RFC 9110 12.5.4); of equal ones the first.
fn accepted(header: &str) -> Option<Language> {
    let weighed = header.split(',').filter_map(|range| {
        let (tag, weight) = range.split_once(';').unwrap_or((range, ""));
        let weight = weight.trim().strip_prefix("q=").unwrap_or("1");
        // 0.875 as 875: a weight has at most three digits behind the point.
        let (whole, part) = weight.split_once('.').unwrap_or((weight, ""));
        let thousandths: u32 = format!("{whole}{part:0<3}").parse().ok()?;
        let primary = tag.trim().split('-').next()?;
        let language = match primary.to_ascii_lowercase().as_str() {
            "zh" => Language::Chinese,
            "en" => Language::English,
            _ => return None,
        };
        (thousandths > 0).then_some((thousandths, language))
    });
    let best = weighed.reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map(|(_, language)| language)
}

/// The text in the language of the page that is being made.
pub fn say(chinese: &'static str, english: &'static str) -> &'static str {
    match Language::here() {
        Language::Chinese => chinese,
        Language::English => english,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(hyper::header::HeaderName, &'static str)]) -> Language {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value.parse().unwrap());
        }
        Language::of(&headers)
    }

    #[test]
    fn the_browser_asks_and_a_choice_counts_more() {
        use Language::{Chinese, English};
        for (asked, is) in [
            ("zh-CN,zh;q=0.9,en;q=0.8", Chinese),
            ("en-GB,en;q=0.9,zh;q=0.8", English),
            ("de,zh-TW;q=0.5", Chinese),
            ("en;q=0.3, zh-Hans-CN;q=0.35", Chinese),
            ("zh;q=0, fr", English),
            ("ja", English),
            ("*", English),
            (";;q=,,zh", Chinese),
            ("", English),
        ] {
            assert_eq!(of(&[(ACCEPT_LANGUAGE, asked)]), is, "{asked}");
        }
        assert_eq!(of(&[]), English);
        for (cookie, is) in
            [("a=b; lang=en", English), ("lang=zh-CN", Chinese), ("lang=xx; b", Chinese)]
        {
            assert_eq!(of(&[(ACCEPT_LANGUAGE, "zh"), (COOKIE, cookie)]), is, "{cookie}");
        }
    }

    #[tokio::test]
    async fn a_text_is_in_the_language_of_its_page() {
        let ask = async { say("订单", "Order") };
        assert_eq!(Language::Chinese.scope(ask).await, "订单");
        assert_eq!(Language::English.scope(async { say("订单", "Order") }).await, "Order");
    }
}
