//! Erlang's name service, by which nodes and command line tools find each other's ports.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex, PoisonError};

use rand::RngExt;

use crate::folder::Folder;
use crate::ports;
use crate::process::{ServerError, ServerProcess, write};
use crate::suite::Place;

/// The name service (epmd) of one broker, at a port of its own. A foreground child of ours: the one
/// that Erlang would start in the background outlives the server. Dropped, it ends.
#[derive(Debug)]
pub(super) struct Epmd {
    pub(super) port: u16,
    process: Mutex<ServerProcess>,
}

impl Epmd {
    pub(super) fn start(folder: &Arc<Folder>, place: Place) -> Result<Epmd, ServerError> {
        write_cookie(folder)?;
        let [port] = ports::free()?;
        Ok(Epmd { port, process: Mutex::new(launch(folder, place, port)?) })
    }

    /// Starts it again, should it have ended.
    pub(super) fn ensure(&self, folder: &Arc<Folder>, place: Place) -> Result<(), ServerError> {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        if !process.is_running() {
            *process = launch(folder, place, self.port)?;
        }
        Ok(())
    }
}

impl Drop for Epmd {
    fn drop(&mut self) {
        self.process.get_mut().unwrap_or_else(PoisonError::into_inner).kill();
    }
}

/// What nodes and tools prove each other that they belong together with. Erlang makes one where there
/// is none, and nodes that start at the same time would make several.
fn write_cookie(folder: &Folder) -> Result<(), ServerError> {
    let path = folder.path().join(".erlang.cookie");
    if path.exists() {
        return Ok(());
    }
    let cookie = format!("{:032x}", rand::rng().random::<u128>());
    write(path.clone(), &cookie)?;
    // Erlang refuses one that others may read.
    std::fs::set_permissions(&path, Permissions::from_mode(0o400))
        .map_err(|error| ServerError::Folder { path, error })
}

fn launch(folder: &Arc<Folder>, place: Place, port: u16) -> Result<ServerProcess, ServerError> {
    let mut command = place.command(folder, &["epmd"], &[], "erlang-base")?;
    command.env("ERL_EPMD_PORT", port.to_string()).env("ERL_EPMD_ADDRESS", "127.0.0.1");
    ServerProcess::spawn(folder, "Erlang's name service", command, "epmd.log")
}
