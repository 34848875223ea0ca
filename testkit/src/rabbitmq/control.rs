//! RabbitMQ's programs.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use crate::folder::Folder;
use crate::process::ServerError;
use crate::rabbitmq::epmd::Epmd;
use crate::suite::Place;

const PACKAGE: &str = "rabbitmq-server";
/// Where the programs themselves are. Those on Debian's PATH are wrappers that change the user and
/// drop the environment.
const FOLDERS: [&str; 2] = ["/usr/lib/rabbitmq/bin", "/opt/rabbitmq/sbin"];

/// `rabbitmqctl` of one node.
#[derive(Debug, Clone)]
pub struct RabbitMqControl {
    pub(super) folder: Arc<Folder>,
    pub(super) place: Place,
    /// Erlang's name of the node.
    pub(super) node: String,
    pub(super) names: Arc<Epmd>,
}

impl RabbitMqControl {
    /// Runs `rabbitmqctl` on it, such as `["close_all_connections", "-p", "/", "test"]`, and returns
    /// what it printed. Takes a second or two.
    ///
    /// # Errors
    /// It is not installed, or says no; the message holds its words.
    pub fn run(&self, arguments: &[&str]) -> Result<String, ServerError> {
        let mut command = command(&self.folder, self.place, &self.names, "rabbitmqctl")?;
        command.args(["--quiet", "--node", &self.node]).args(arguments);
        let program = PathBuf::from(command.get_program());
        let output = command.output().map_err(|error| ServerError::Spawn { program, error })?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() {
            return Ok(text(&output.stdout));
        }
        let words = format!("{} {}", text(&output.stdout), text(&output.stderr));
        Err(ServerError::Refused { command: arguments.join(" "), words })
    }

    /// Erlang's name of the node.
    pub fn node(&self) -> &str {
        &self.node
    }
}

/// A program of RabbitMQ with the environment that server and tools need.
pub(super) fn command(
    folder: &Folder,
    place: Place,
    names: &Epmd,
    program: &str,
) -> Result<Command, ServerError> {
    let mut command = place.command(folder, &[program], &FOLDERS, PACKAGE)?;
    command
        .env("ERL_EPMD_PORT", names.port.to_string())
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_CONF_ENV_FILE", "/dev/null");
    Ok(command)
}
