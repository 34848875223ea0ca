//! What all private servers have in common.

use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::folder::Folder;
use crate::process::{ServerError, ServerProcess};

/// A private server: a [`Database`](crate::Database) or a node of [`RabbitMq`](crate::RabbitMq).
/// It ends with its folder.
#[derive(Debug)]
pub struct Server<P> {
    pub(crate) folder: Arc<Folder>,
    pub(crate) process: ServerProcess,
    pub(crate) program: P,
}

/// How a kind of server is started and spoken to.
pub trait ServerProgram {
    /// How long an orderly end may take.
    const STOP: Duration;

    /// Starts it with the data that it has and waits until it accepts connections.
    ///
    /// # Errors
    /// It is not installed or does not start.
    fn launch(&self, folder: &Arc<Folder>) -> Result<ServerProcess, ServerError>;

    /// The port of its protocol on 127.0.0.1.
    fn port(&self) -> u16;

    /// What it says it is, such as `10.11.6`; None when it does not answer.
    fn version(&self) -> Option<String>;
}

impl<P: ServerProgram> Server<P> {
    /// Starts a program that is set up.
    pub(crate) fn launch(folder: &Arc<Folder>, program: P) -> Result<Server<P>, ServerError> {
        let process = program.launch(folder)?;
        Ok(Server { folder: folder.clone(), process, program })
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.program.port()
    }

    /// Its process id; of the last process when it is stopped.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// What it says it is, such as `10.11.6`; None when it does not answer.
    pub fn version(&self) -> Option<String> {
        self.program.version()
    }

    /// Whether the process runs.
    pub fn is_running(&mut self) -> bool {
        self.process.is_running()
    }

    /// An orderly end: SIGTERM; SIGKILL when it has not ended after 30 seconds, a broker after 60.
    pub fn stop(&mut self) {
        self.process.stop(P::STOP);
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// SIGSTOP: connections stay open, and nothing answers.
    pub fn pause(&mut self) {
        self.process.signal(Signal::SIGSTOP);
    }

    /// SIGCONT.
    pub fn resume(&mut self) {
        self.process.signal(Signal::SIGCONT);
    }

    /// Starts it again at the same port with the same data, after [`stop`](Server::stop) or
    /// [`kill`](Server::kill), and waits until it accepts connections.
    ///
    /// # Errors
    /// As the first start.
    pub fn start_again(&mut self) -> Result<(), ServerError> {
        if !self.is_running() {
            self.process = self.program.launch(&self.folder)?;
        }
        Ok(())
    }
}
