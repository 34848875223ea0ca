//! What operators let wait: begin and end pauses, and what waits for them.

use std::time::Duration;

use config::Config;
use order::{OperatorAction, PauseScope};
use serde::Serialize;
use store::pause::{self, NewPause, PauseRow, what};
use store::paused_message::{self, PauseCount};
use store::{BeijingTime, MysqlConnection, clock};

use crate::failure::Failure;
use crate::operations::action_record::{Act, Actor, Change};
use crate::operations::unknown_merchant::unknown_merchant;
use crate::operations::{LONGEST_PERSON_NAME, product};
use crate::plural::count;

/// How long a pause lasts where nobody says, and how long it may last at most: notifications are verified as of their receipt
/// up to 40 days back, so what waits that long must still be far from it.
pub(crate) const DEFAULT_LENGTH: Duration = Duration::from_hours(1);
const LONGEST: Duration = Duration::from_hours(7 * 24);

/// Which work waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PausedWork {
    scope: PauseScope,
    /// The merchant or product; empty for everything.
    id: String,
}

impl PausedWork {
    /// All of it.
    pub(crate) fn everything() -> PausedWork {
        PausedWork { scope: PauseScope::Everything, id: String::new() }
    }

    /// That of a merchant.
    pub(crate) fn merchant(name: impl Into<String>) -> PausedWork {
        PausedWork { scope: PauseScope::Merchant, id: name.into() }
    }

    /// That of the orders of a product.
    pub(crate) fn product(id: impl Into<String>) -> PausedWork {
        PausedWork { scope: PauseScope::Product, id: id.into() }
    }

    /// That of a pause.
    pub(crate) fn of(row: &PauseRow) -> PausedWork {
        PausedWork { scope: row.scope, id: row.scope_id.clone() }
    }

    /// The merchant or product; empty for everything.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// `everything`, `merchant shop`, `product gift-100`.
    pub(crate) fn what(&self) -> String {
        what(self.scope, &self.id)
    }

    /// The act of letting it wait, or of ending that.
    pub(crate) fn act(&self, by: Actor, action: OperatorAction, reason: &str) -> Act {
        Act::new(by, action, self.what()).because(reason)
    }

    /// An error where there is no such merchant or product: a mistyped name would let nothing wait.
    fn check(&self, connection: &mut MysqlConnection, config: &Config) -> Result<(), Failure> {
        match self.scope {
            PauseScope::Everything => Ok(()),
            PauseScope::Product => product::find(connection, &self.id).map(|_| ()),
            PauseScope::Merchant if config.merchants.contains_key(&self.id) => Ok(()),
            PauseScope::Merchant => Err(Failure::NotFound(unknown_merchant(config, &self.id))),
        }
    }
}

/// Whether a pause is over, and how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(crate) enum PauseState {
    /// The work waits.
    Active,
    /// It reached its end.
    Over,
    /// A person ended it before.
    Resumed,
}

impl PauseState {
    /// The word in lists.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A pause as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ListedPause {
    #[serde(flatten)]
    pub(crate) row: PauseRow,
    pub(crate) state: PauseState,
    /// Messages that wait for its end. Of a pause of everything they are in the queue, and not counted here.
    pub(crate) messages: i64,
    /// Since when the first of them has waited.
    pub(crate) oldest: Option<BeijingTime>,
}

impl ListedPause {
    fn new(row: PauseRow, now: BeijingTime, counts: &[PauseCount]) -> ListedPause {
        let state = match row.ended_at {
            Some(_) => PauseState::Resumed,
            None if row.ends_at.0 > now.0 => PauseState::Active,
            None => PauseState::Over,
        };
        let waiting = counts.iter().find(|count| count.pause_id == row.id);
        ListedPause {
            row,
            state,
            messages: waiting.map_or(0, |it| it.messages),
            oldest: waiting.and_then(|it| it.oldest),
        }
    }

    /// The same as [`ListedPause::text`], in Chinese.
    pub(crate) fn in_chinese(&self) -> String {
        let PauseRow { scope, scope_id, begun_at, ends_at, begun_by, reason, .. } = &self.row;
        let what = format!("{} {scope_id}", scope_in_chinese(*scope));
        format!(
            "{}，{begun_at} 起，{ends_at} 止，{begun_by}：{reason}；{} 条消息等待",
            what.trim_end(),
            self.messages
        )
    }

    /// In a sentence: what waits since when, until when, by whom and why.
    pub(crate) fn text(&self) -> String {
        let PauseRow { begun_at, ends_at, begun_by, reason, .. } = &self.row;
        let what = self.row.what();
        let waiting = match self.messages {
            0 => String::new(),
            messages => format!("; {} waiting", count(messages, "message")),
        };
        format!(
            "{what} is paused since {begun_at} until {ends_at} by {begun_by}, because: {reason}{waiting}"
        )
    }
}

/// Which work waits, in Chinese.
pub(crate) fn scope_in_chinese(scope: PauseScope) -> &'static str {
    match scope {
        PauseScope::Everything => "全部",
        PauseScope::Merchant => "商户",
        PauseScope::Product => "商品",
    }
}

/// What ending pauses did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Resumed {
    /// Which work.
    pub(crate) what: String,
    /// How many pauses were ended.
    pub(crate) pauses: usize,
    /// Messages that workers put back into the queue now.
    pub(crate) messages: i64,
}

/// Lets work wait. The row says who, why and until when; it is never removed.
///
/// # Errors
/// No such merchant or product, or a length above the longest.
pub(crate) fn begin(
    connection: &mut MysqlConnection,
    config: &Config,
    work: &PausedWork,
    (by, reason): (&str, &str),
    length: Duration,
    change: &mut Change,
) -> Result<ListedPause, Failure> {
    if length > LONGEST {
        let days = LONGEST.as_secs() / 86_400;
        return Err(Failure::Usage(format!(
            "a pause lasts {days} days at most: begin another then"
        )));
    }
    check_name(by)?;
    work.check(connection, config)?;
    let new = NewPause { scope: work.scope, scope_id: &work.id, reason, by, length };
    let id = pause::begin(connection, &new)?;
    let row = pause::find(connection, id)?
        .ok_or_else(|| Failure::NotFound(format!("there is no pause {id}")))?;
    let begun = ListedPause::new(row, BeijingTime(clock::now(connection)?), &[]);
    change.to(serde_json::json!({ "pause": id, "until": begun.row.ends_at }));
    Ok(begun)
}

/// Ends all pauses of this work before their time.
///
/// # Errors
/// It is not paused.
pub(crate) fn resume(
    connection: &mut MysqlConnection,
    work: &PausedWork,
    by: &str,
    change: &mut Change,
) -> Result<Resumed, Failure> {
    check_name(by)?;
    let waiting = active(connection)?.into_iter().filter(|it| PausedWork::of(&it.row) == *work);
    let messages = waiting.map(|it| it.messages).sum();
    let pauses = pause::end(connection, work.scope, &work.id, by)?;
    if pauses == 0 {
        let what = work.what();
        return Err(Failure::Refused(format!("{what} is not paused: see `ops pause list`")));
    }
    let resumed = Resumed { what: work.what(), pauses, messages };
    change.to(&resumed);
    Ok(resumed)
}

/// All pauses, the latest first, at most `limit`.
pub(crate) fn list(
    connection: &mut MysqlConnection,
    limit: i64,
) -> Result<Vec<ListedPause>, Failure> {
    let rows = pause::list(connection, limit)?;
    listed(connection, rows)
}

/// Those that are not over, the one that ends first first.
pub(crate) fn active(connection: &mut MysqlConnection) -> Result<Vec<ListedPause>, Failure> {
    match pause::active(connection)? {
        none if none.is_empty() => Ok(Vec::new()),
        rows => listed(connection, rows),
    }
}

/// Those for which the work of an order of this merchant and product waits.
pub(crate) fn of_order(
    connection: &mut MysqlConnection,
    merchant: &str,
    product_id: &str,
) -> Result<Vec<ListedPause>, Failure> {
    let mut active = active(connection)?;
    active.retain(|it| it.row.concerns(merchant, product_id));
    Ok(active)
}

fn listed(
    connection: &mut MysqlConnection,
    rows: Vec<PauseRow>,
) -> Result<Vec<ListedPause>, Failure> {
    let now = BeijingTime(clock::now(connection)?);
    let counts = paused_message::counts(connection)?;
    Ok(rows.into_iter().map(|row| ListedPause::new(row, now, &counts)).collect())
}

fn check_name(by: &str) -> Result<(), Failure> {
    if by.chars().count() > LONGEST_PERSON_NAME {
        return Err(Failure::Usage(format!("a name has at most {LONGEST_PERSON_NAME} characters")));
    }
    Ok(())
}
