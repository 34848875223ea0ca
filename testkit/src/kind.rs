//! Which database and which broker tests run against.

use clap::ValueEnum;

use crate::process::ServerError;
use crate::suite::{Place, Suite};

/// The variable that names the database; `testkit run` sets it. Its values: [`DatabaseKind`].
pub const DATABASE_VARIABLE: &str = "TESTKIT_DATABASE";
/// The variable that names the broker; `testkit run` sets it. Its values: [`BrokerKind`].
pub const BROKER_VARIABLE: &str = "TESTKIT_BROKER";

/// A database server and its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum DatabaseKind {
    /// This machine's MariaDB: 10.11 on Debian 12
    #[default]
    #[value(name = "mariadb")]
    Installed,
    /// MariaDB 11.8 (Debian trixie)
    #[value(name = "mariadb-11.8")]
    MariaDb11,
    /// MySQL 9 (Debian sid)
    #[value(name = "mysql")]
    MySql,
}

/// A broker and its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum BrokerKind {
    /// This machine's RabbitMQ: 3.10 on Debian 12
    #[default]
    #[value(name = "3", alias = "installed")]
    Installed,
    /// RabbitMQ 4.0 (Debian trixie)
    #[value(name = "4.0")]
    RabbitMq40,
    /// The newest RabbitMQ 4 (Debian sid)
    #[value(name = "4")]
    RabbitMq4,
    /// Three nodes of the newest RabbitMQ 4. A broker that a test starts for itself is one node
    #[value(name = "cluster")]
    Cluster,
}

impl DatabaseKind {
    /// The one that [`DATABASE_VARIABLE`] names; this machine's MariaDB where it is not set.
    ///
    /// # Errors
    /// It names none.
    pub fn selected() -> Result<DatabaseKind, ServerError> {
        selected(DATABASE_VARIABLE)
    }

    /// As [`DATABASE_VARIABLE`] and `testkit run --database` name it.
    #[must_use]
    pub fn name(self) -> String {
        name(self)
    }

    /// The product's name.
    pub(crate) fn product(self) -> &'static str {
        match self {
            DatabaseKind::Installed | DatabaseKind::MariaDb11 => "MariaDB",
            DatabaseKind::MySql => "MySQL",
        }
    }

    pub(crate) fn place(self) -> Place {
        match self {
            DatabaseKind::Installed => Place::Here,
            DatabaseKind::MariaDb11 => Place::In(Suite::Trixie),
            DatabaseKind::MySql => Place::In(Suite::Sid),
        }
    }
}

impl BrokerKind {
    /// The one that [`BROKER_VARIABLE`] names; this machine's RabbitMQ where it is not set.
    ///
    /// # Errors
    /// It names none.
    pub fn selected() -> Result<BrokerKind, ServerError> {
        selected(BROKER_VARIABLE)
    }

    /// As [`BROKER_VARIABLE`] and `testkit run --broker` name it.
    #[must_use]
    pub fn name(self) -> String {
        name(self)
    }

    /// How many nodes `testkit run` starts.
    #[must_use]
    pub fn nodes(self) -> usize {
        match self {
            BrokerKind::Cluster => 3,
            BrokerKind::Installed | BrokerKind::RabbitMq40 | BrokerKind::RabbitMq4 => 1,
        }
    }

    pub(crate) fn place(self) -> Place {
        match self {
            BrokerKind::Installed => Place::Here,
            BrokerKind::RabbitMq40 => Place::In(Suite::Trixie),
            BrokerKind::RabbitMq4 | BrokerKind::Cluster => Place::In(Suite::Sid),
        }
    }
}

fn name(kind: impl ValueEnum) -> String {
    kind.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

fn selected<K: ValueEnum + Default>(variable: &'static str) -> Result<K, ServerError> {
    match std::env::var(variable) {
        Ok(value) if !value.is_empty() => read(variable, &value),
        _ => Ok(K::default()),
    }
}

fn read<K: ValueEnum>(variable: &'static str, value: &str) -> Result<K, ServerError> {
    K::from_str(value, false).map_err(|_| {
        let known = K::value_variants().iter().cloned().map(name).collect::<Vec<_>>().join(", ");
        ServerError::Kind { variable, value: value.to_owned(), known }
    })
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::{BrokerKind, DatabaseKind, read};

    #[test]
    fn every_kind_is_read_by_its_name() {
        for kind in DatabaseKind::value_variants() {
            assert_eq!(read::<DatabaseKind>("V", &kind.name()).unwrap(), *kind);
        }
        for kind in BrokerKind::value_variants() {
            assert_eq!(read::<BrokerKind>("V", &kind.name()).unwrap(), *kind);
        }
    }

    #[test]
    fn an_unknown_kind_is_told_with_those_that_are_known() {
        let error = read::<DatabaseKind>("TESTKIT_DATABASE", "oracle").unwrap_err().to_string();
        assert_eq!(error, "TESTKIT_DATABASE is `oracle`; known are mariadb, mariadb-11.8, mysql");
    }
}
