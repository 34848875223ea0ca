//! What is told of one cause in one language, and several of it in one message.

use chrono::{DateTime, Utc};
use config::Urgency;
use order::AlarmMessageKind;
use serde::{Deserialize, Serialize};
use service::invisible;
use service::language::Language;
use store::BeijingTime;

use super::cause::{CauseText, Words};
use super::decision::News;
use super::words;

/// What is told of one cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) kind: AlarmMessageKind,
    pub(crate) urgency: Urgency,
    pub(crate) told: Told,
}

/// The part of it that a row keeps as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) cause: String,
    pub(crate) words: Words,
    /// The console's page about it.
    pub(crate) link: Option<String>,
    pub(crate) since: DateTime<Utc>,
    /// When the message was made.
    pub(crate) at: DateTime<Utc>,
}

/// One alarm as text: a line above others, and a link. Nothing in it can steer a terminal or turn a line around.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Paragraph {
    pub(crate) heading: String,
    pub(crate) lines: Vec<String>,
    pub(crate) link: Option<String>,
}

impl Notice {
    /// The JSON of a row.
    pub(super) fn content(
        news: &News,
        language: Language,
        public_url: Option<&str>,
        at: DateTime<Utc>,
    ) -> String {
        let CauseText { chinese, english, page } = &news.text;
        let words = match language {
            Language::Chinese => chinese,
            Language::English => english,
        };
        let told = Told {
            cause: news.cause.clone(),
            words: words.clone(),
            link: public_url.map(|url| format!("{url}{page}")),
            since: news.since,
            at,
        };
        super::json(&told)
    }

    /// Of a row; none where another version has written it and this one cannot read it.
    pub(crate) fn read(kind: AlarmMessageKind, urgency: Urgency, content: &str) -> Option<Notice> {
        serde_json::from_str(content).ok().map(|told| Notice { kind, urgency, told })
    }

    /// What `--test-message` sends.
    pub(crate) fn test(language: Language, public_url: Option<&str>, at: DateTime<Utc>) -> Notice {
        let told = Told {
            cause: "test_message".to_owned(),
            words: words::test_message(language),
            link: public_url.map(|url| format!("{url}/")),
            since: at,
            at,
        };
        Notice { kind: AlarmMessageKind::Opened, urgency: Urgency::Later, told }
    }

    /// As text.
    pub(crate) fn paragraph(&self, language: Language) -> Paragraph {
        let Told { words: Words { title, seen, to_do }, link, since, at, .. } = &self.told;
        let time = *at - *since;
        let (since, at) = (BeijingTime(*since).to_string(), BeijingTime(*at).to_string());
        let lines = match self.kind {
            AlarmMessageKind::Cleared => {
                vec![words::was_there(language, &since, &at, time), seen.clone()]
            }
            AlarmMessageKind::Opened | AlarmMessageKind::Worsened | AlarmMessageKind::Reminder => {
                vec![
                    seen.clone(),
                    words::since(language, &since, time),
                    words::to_do(language, to_do),
                ]
            }
        };
        let escaped = |text: &String| invisible::escaped(text).into_owned();
        Paragraph {
            heading: escaped(&words::heading(language, self.kind, self.urgency, title)),
            lines: lines.iter().map(escaped).collect(),
            link: link.clone(),
        }
    }
}

/// One message with some alarms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bulletin<'a> {
    pub(crate) notices: &'a [Notice],
    pub(crate) language: Language,
}

impl Bulletin<'_> {
    /// In a line.
    pub(crate) fn subject(&self) -> String {
        let system = words::system(self.language);
        match self.notices {
            [one] => format!("{system} {}", one.paragraph(self.language).heading),
            several => format!("{system} {}", words::several(self.language, several.len())),
        }
    }

    /// All of them.
    pub(crate) fn paragraphs(&self) -> impl Iterator<Item = Paragraph> {
        self.notices.iter().map(|notice| notice.paragraph(self.language))
    }
}
