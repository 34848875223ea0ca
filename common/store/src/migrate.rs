//! The schema, embedded in the binaries.
//!
//! DDL commits by itself, so a run that is killed leaves a part behind. So each statement may have run
//! before: it is no error if what it would add already exists, as long as it is ours. Versions are recorded as the command line tool of diesel does.

mod embedded;
mod step;

use std::thread::sleep;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::migration::CREATE_MIGRATIONS_TABLE;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;

use self::embedded::{MIGRATIONS, Migration};
use self::step::steps_of;
use crate::typed_sql::SqlText as _;
use crate::{MysqlConnection, Result, StoreError, named_lock};

/// Only one program migrates at a time: the name of the server's lock, and how long to wait for it, in seconds.
const LOCK: &str = "alipay_migrate";
const LOCK_NAME: &str = "CONCAT(?, '.', DATABASE())";
const LOCK_SECONDS: i64 = 60;

/// How often a statement is tried that waits for another transaction. Each try ends after the session's
/// `lock_wait_timeout`, since all other statements on the table wait behind it meanwhile.
const TRIES: u32 = 12;
const PAUSE: Duration = Duration::from_secs(1);

/// Something went wrong while the schema was brought up to date. What ran before stays; the next run
/// goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The server refused.
    #[error("migration {version}: {error}")]
    Refused {
        /// Of the migration.
        version: String,
        /// The server's message.
        error: StoreError,
    },
    /// A transaction of another program keeps a table in use.
    #[error(
        "migration {version}: a transaction of another program keeps the table in use ({error}): \
         find it (SELECT trx_mysql_thread_id, trx_started FROM information_schema.innodb_trx), \
         end it, and run this again"
    )]
    InUse {
        /// Of the migration.
        version: String,
        /// The server's message.
        error: StoreError,
    },
    /// There is a table of this name, and it is not ours.
    #[error(
        "migration {version}: the schema has a table `{table}` that is not this program's \
         (it lacks {missing}): use a schema of its own, or rename that table"
    )]
    Foreign {
        /// Of the migration.
        version: String,
        /// The table.
        table: String,
        /// Columns that ours has.
        missing: String,
    },
    /// Another program is migrating and does not finish.
    #[error("another program has been migrating this schema for {LOCK_SECONDS} s: try again later")]
    Locked,
    /// The database refused, or did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<diesel::result::Error> for MigrationError {
    fn from(error: diesel::result::Error) -> MigrationError {
        MigrationError::Store(error.into())
    }
}

/// Runs what is pending and returns the versions that ran. Safe to run twice, after a run that was
/// killed, and while programs of the version before are running. `report` gets a line when something
/// is waited for.
///
/// # Errors
/// [`MigrationError`].
pub fn run(
    connection: &mut MysqlConnection,
    mut report: impl FnMut(String),
) -> Result<Vec<String>, MigrationError> {
    if !named_lock::take(connection, LOCK_NAME, LOCK, LOCK_SECONDS)? {
        return Err(MigrationError::Locked);
    }
    let ran = run_locked(connection, &mut report);
    // It ends with the connection in any case.
    let _ = named_lock::release(connection, LOCK_NAME, LOCK);
    ran
}

fn run_locked(
    connection: &mut MysqlConnection,
    report: &mut impl FnMut(String),
) -> Result<Vec<String>, MigrationError> {
    connection.batch_execute(CREATE_MIGRATIONS_TABLE)?;
    let done = versions(connection)?;
    let mut ran = Vec::new();
    for migration in MIGRATIONS {
        let version = migration.version();
        if done.contains(&version) {
            continue;
        }
        apply(connection, migration, &version, report)?;
        sql_query("INSERT INTO __diesel_schema_migrations (version) VALUES (?)")
            .bind::<Text, _>(&version)
            .execute(connection)?;
        ran.push(version);
    }
    Ok(ran)
}

fn apply(
    connection: &mut MysqlConnection,
    migration: &Migration,
    version: &str,
    report: &mut impl FnMut(String),
) -> Result<(), MigrationError> {
    for step in steps_of(migration.up) {
        let mut tries = 0;
        loop {
            tries += 1;
            let Err(error) = connection.batch_execute(step.statement).map_err(StoreError::from)
            else {
                break;
            };
            let version = version.to_owned();
            match error.number() {
                Some(LOCK_WAIT) if tries < TRIES => {
                    report(format!(
                        "migration {version} waits for a transaction that uses the table"
                    ));
                    sleep(PAUSE);
                }
                Some(LOCK_WAIT) => return Err(MigrationError::InUse { version, error }),
                Some(TABLE_EXISTS) => {
                    if let Some(created) = &step.creates {
                        let missing = created.missing(connection)?;
                        if !missing.is_empty() {
                            let (table, missing) = (created.table.to_owned(), missing.join(", "));
                            return Err(MigrationError::Foreign { version, table, missing });
                        }
                    }
                    break;
                }
                Some(DUPLICATE_COLUMN | DUPLICATE_KEY_NAME | DUPLICATE_ROW | NO_SUCH_KEY) => break,
                _ => return Err(MigrationError::Refused { version, error }),
            }
        }
    }
    Ok(())
}

// Numbers of the server's errors.
const TABLE_EXISTS: u16 = 1050;
const DUPLICATE_COLUMN: u16 = 1060;
const DUPLICATE_KEY_NAME: u16 = 1061;
const DUPLICATE_ROW: u16 = 1062;
const NO_SUCH_KEY: u16 = 1091;
const NO_SUCH_TABLE: u16 = 1146;
const LOCK_WAIT: u16 = 1205;

fn versions(connection: &mut MysqlConnection) -> Result<Vec<String>> {
    let versions = sql_query("SELECT version FROM __diesel_schema_migrations");
    Ok(versions.typed::<Text>().load(connection)?)
}

/// Whether the schema lacks migrations of this binary.
pub fn pending(connection: &mut MysqlConnection) -> Result<bool> {
    match versions(connection) {
        Ok(done) => Ok(MIGRATIONS.iter().any(|migration| !done.contains(&migration.version()))),
        Err(error) if error.number() == Some(NO_SUCH_TABLE) => Ok(true),
        Err(error) => Err(error),
    }
}
