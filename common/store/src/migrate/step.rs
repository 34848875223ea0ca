//! The statements of a migration.

use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::typed_sql::static_sql;
use crate::{MysqlConnection, Result};

/// One statement.
pub(super) struct MigrationStep<'a> {
    /// With the comments before it.
    pub(super) statement: &'a str,
    /// The table that it makes.
    pub(super) creates: Option<Created<'a>>,
}

/// A table as a `CREATE TABLE` describes it.
pub(super) struct Created<'a> {
    pub(super) table: &'a str,
    columns: Vec<&'a str>,
}

/// The statements of a file. Each ends with a semicolon at the end of a line that is no comment.
pub(super) fn steps_of(file: &str) -> Vec<MigrationStep<'_>> {
    let mut steps = Vec::new();
    let (mut begin, mut end) = (0, 0);
    for line in file.split_inclusive('\n') {
        end += line.len();
        if line.trim_end().ends_with(';') && !line.trim_start().starts_with("--") {
            let statement = &file[begin..end];
            steps.push(MigrationStep { statement, creates: created(statement) });
            begin = end;
        }
    }
    steps
}

fn created(statement: &str) -> Option<Created<'_>> {
    let mut lines =
        statement.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("--"));
    let table = lines.next()?.strip_prefix("CREATE TABLE ")?.split_whitespace().next()?;
    let columns = lines
        .take_while(|line| !line.starts_with(')'))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|word| word.chars().all(|char| char.is_ascii_lowercase() || char == '_'))
        .collect();
    Some(Created { table, columns })
}

impl Created<'_> {
    /// Columns that the table of this name lacks: then it belongs to another program.
    pub(super) fn missing(&self, connection: &mut MysqlConnection) -> Result<Vec<String>> {
        let there: Vec<String> = static_sql(
            "SELECT LOWER(column_name) FROM information_schema.columns \
             WHERE table_schema = DATABASE() AND table_name = ?",
        )
        .text(self.table)
        .columns::<Text>()
        .load(connection)?;
        let is_there = |column: &str| there.iter().any(|known| known == column);
        Ok(self.columns.iter().filter(|it| !is_there(it)).map(|it| (*it).to_owned()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::steps_of;
    use crate::migrate::embedded::MIGRATIONS;

    #[test]
    fn a_file_is_cut_at_the_ends_of_statements() {
        let file = "-- why;\nCREATE TABLE a (\n    id INT NOT NULL COMMENT 'x; y',\n    KEY a_id (id)\n) ENGINE = InnoDB;\n\n\
                    -- and\nALTER TABLE a ADD COLUMN b INT;\n";
        let steps = steps_of(file);
        assert_eq!(steps.len(), 2);
        let created = steps[0].creates.as_ref().unwrap();
        assert_eq!((created.table, created.columns.as_slice()), ("a", &["id"][..]));
        assert!(steps[1].statement.contains("ALTER TABLE a"));
        assert!(steps[1].creates.is_none());
    }

    #[test]
    fn nothing_of_a_migration_is_left_out() {
        for migration in MIGRATIONS {
            let together: String =
                steps_of(migration.up).iter().map(|step| step.statement).collect();
            assert_eq!(together.trim_end(), migration.up.trim_end());
            for step in steps_of(migration.up) {
                let creates = step.statement.contains("CREATE TABLE");
                assert_eq!(creates, step.creates.is_some(), "{}", step.statement);
                assert!(step.creates.is_none_or(|created| created.columns.len() > 1));
            }
        }
    }
}
