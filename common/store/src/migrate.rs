//! The schema, embedded in the binaries.

use diesel::mysql::{Mysql, MysqlConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// Something went wrong while the schema was brought up to date.
#[derive(Debug, thiserror::Error)]
#[error("migration: {0}")]
pub struct MigrationError(String);

/// Runs what is pending and returns the versions that ran. Safe to run twice, and while programs of
/// the version before are running.
///
/// # Errors
/// The server's words. DDL commits by itself: what ran before the error stays, and the next run goes
/// on after it (one table per migration).
pub fn run(connection: &mut MysqlConnection) -> Result<Vec<String>, MigrationError> {
    connection
        .run_pending_migrations(MIGRATIONS)
        .map(|versions| versions.iter().map(ToString::to_string).collect())
        .map_err(|error| MigrationError(error.to_string()))
}

/// Whether the schema lacks migrations of this binary.
///
/// # Errors
/// The server's words.
pub fn pending(connection: &mut MysqlConnection) -> Result<bool, MigrationError> {
    MigrationHarness::<Mysql>::has_pending_migration(connection, MIGRATIONS)
        .map_err(|error| MigrationError(error.to_string()))
}
