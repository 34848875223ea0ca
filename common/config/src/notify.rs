//! `[notify]`: who is told of alarms, and when (`ops notify`).

mod channel;
mod quiet;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use service::language::Language;
use strum::{Display, EnumString, IntoStaticStr};

use crate::error::ConfigError;
use crate::field::{LineText, duration};
use crate::layers::Layers;
use channel::ChannelKeys;

pub use channel::{Channel, ChannelKind, MailAddresses, WEBHOOK_SECRET};
pub use quiet::QuietHours;

/// Robots take 20 messages a minute, and a look can send several.
const SHORTEST_LOOK: Duration = Duration::from_secs(10);
const LONGEST_LOOK: Duration = Duration::from_hours(1);

/// How soon a person has to act. The more urgent one is the smaller one.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Display,
    EnumString,
    IntoStaticStr,
    Serialize
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Urgency {
    /// Processing has stopped, or will stop soon: the alarms of severity `page`.
    Now,
    /// An order or money waits until a person acts: the alarms of severity `ticket`.
    Soon,
    /// Everyday work, which is not a problem.
    Later,
}

impl Urgency {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The keys of `[notify]`.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "a section [notify]")]
pub(crate) struct NotifyKeys {
    #[serde(with = "duration")]
    every: Duration,
    #[serde(with = "duration")]
    open_after: Duration,
    #[serde(with = "duration")]
    clear_after: Duration,
    #[serde(with = "duration")]
    remind_after: Duration,
    quiet: Option<LineText>,
    quiet_urgency: LineText,
    utc_offset: LineText,
    language: LineText,
    #[serde(default)]
    channels: BTreeMap<String, ChannelKeys>,
}

/// `[notify]`: alarms to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notify {
    /// Pause between two looks.
    pub every: Duration,
    /// How long a cause must be there before it is told.
    pub open_after: Duration,
    /// How long a cause must be gone before that is told.
    pub clear_after: Duration,
    /// When a cause that is still there is told again.
    pub remind_after: Duration,
    /// When people sleep.
    pub quiet: Option<QuietHours>,
    /// The least urgent cause that is told in quiet hours.
    pub quiet_urgency: Urgency,
    /// `[notify.channels.NAME]`, by name.
    pub channels: BTreeMap<String, Channel>,
}

pub(super) fn read(layers: &Layers, keys: &NotifyKeys) -> Result<Notify, ConfigError> {
    if !(SHORTEST_LOOK..=LONGEST_LOOK).contains(&keys.every) {
        return Err(layers.invalid("notify.every", "is not between 10s and 1h"));
    }
    let offset = keys.utc_offset.parse().map_err(|_| {
        let offset = &*keys.utc_offset;
        layers
            .invalid("notify.utc_offset", format!("{offset:?} is not an offset such as \"+08:00\""))
    })?;
    let quiet = keys.quiet.as_deref().map(|text| {
        QuietHours::read(text, offset).map_err(|why| layers.invalid("notify.quiet", why))
    });
    let read_channel = |(name, channel): (&String, &ChannelKeys)| {
        let read = channel::read(
            layers,
            name,
            channel,
            language(layers, "notify.language", &keys.language)?,
        )?;
        Ok((name.clone(), read))
    };
    Ok(Notify {
        every: keys.every,
        open_after: keys.open_after,
        clear_after: keys.clear_after,
        remind_after: keys.remind_after,
        quiet: quiet.transpose()?,
        quiet_urgency: urgency(layers, "notify.quiet_urgency", &keys.quiet_urgency)?,
        channels: keys.channels.iter().map(read_channel).collect::<Result<_, ConfigError>>()?,
    })
}

fn language(layers: &Layers, path: &str, tag: &str) -> Result<Language, ConfigError> {
    let problem = || layers.invalid(path, format!("{tag:?} is not \"zh-CN\" or \"en\""));
    Language::of_tag(tag).ok_or_else(problem)
}

fn urgency(layers: &Layers, path: &str, word: &str) -> Result<Urgency, ConfigError> {
    let problem =
        |_| layers.invalid(path, format!("{word:?} is not \"now\", \"soon\" or \"later\""));
    word.parse().map_err(problem)
}
