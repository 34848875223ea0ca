//! The number of an error, asked of the server.
//!
//! diesel passes on only the message. The server keeps a list of the conditions of the last statement:
//! warnings before the error, and on MariaDB a note after it where it happened in a trigger. The condition with the
//! error's message is the error.

use std::fmt::Write;
use std::sync::LazyLock;

use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{QueryResult, sql_query};
use diesel_async::{AsyncMysqlConnection, RunQueryDsl, SimpleAsyncConnection};

use crate::typed_sql::SqlText as _;

/// So many conditions are read.
const CONDITIONS: usize = 8;

/// Keeps conditions in variables: any other statement would clear the list. It ends with an error where
/// there are fewer; what the variables hold from an earlier error does not matter, since the same message has
/// the same number.
static KEEP: LazyLock<String> = LazyLock::new(|| {
    (1..=CONDITIONS).fold(String::new(), |mut sql, at| {
        let _ = write!(
            sql,
            "GET DIAGNOSTICS CONDITION {at} @alipay_number_{at} = MYSQL_ERRNO, \
             @alipay_words_{at} = MESSAGE_TEXT;"
        );
        sql
    })
});

static READ: LazyLock<String> = LazyLock::new(|| {
    let one = |at| {
        format!("SELECT CAST(@alipay_number_{at} AS SIGNED), CAST(@alipay_words_{at} AS CHAR)")
    };
    (1..=CONDITIONS).map(one).collect::<Vec<_>>().join(" UNION ALL ")
});

/// The number of the error with this message, if the last statement caused it.
///
/// # Errors
/// The connection is lost.
pub(super) async fn number_of(
    mysql: &mut AsyncMysqlConnection,
    message: &str,
) -> QueryResult<Option<u16>> {
    let _ = mysql.batch_execute(&KEEP).await;
    let conditions = sql_query(READ.as_str()).typed::<(Nullable<BigInt>, Nullable<Text>)>();
    let conditions: Vec<(Option<i64>, Option<String>)> = conditions.load(mysql).await?;
    // The server shortens the message: to 128 characters on MySQL.
    let is_it = |words: &str| !words.is_empty() && message.starts_with(words);
    let found = conditions.into_iter().find(|(_, words)| words.as_deref().is_some_and(is_it));
    Ok(found.and_then(|(number, _)| u16::try_from(number?).ok()))
}
