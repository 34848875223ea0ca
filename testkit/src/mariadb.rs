//! A private MariaDB.

use std::io::Read;
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::folder::Folder;
use crate::process::{ServerError, ServerProcess, fresh_folder, write};
use crate::{installed, ports};

const NAME: &str = "MariaDB";
const PACKAGE: &str = "mariadb-server";
const LOG: &str = "mariadb.log";
/// How long it may take until it accepts connections; recovery after a kill included.
const START: Duration = Duration::from_secs(60);
/// How long an orderly end may take.
const STOP: Duration = Duration::from_secs(30);

/// A MariaDB on 127.0.0.1 with the database `alipay`. User `root` has no password.
///
/// It is as durable as by default: every commit waits for fsync.
#[derive(Debug)]
pub struct MariaDb {
    folder: Arc<Folder>,
    process: ServerProcess,
    port: u16,
}

impl MariaDb {
    /// Makes an empty database server in the folder and waits until it accepts connections.
    ///
    /// # Errors
    /// It is not installed or does not start; the message holds the end of its log.
    pub fn start(folder: &Arc<Folder>) -> Result<MariaDb, ServerError> {
        let mut attempts_left = 2;
        loop {
            let [port] = ports::free()?;
            install(folder)?;
            match launch(folder, port) {
                Ok(process) => return Ok(MariaDb { folder: folder.clone(), process, port }),
                Err(error) if error.is_port_clash() && attempts_left > 0 => attempts_left -= 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// `mysql://root@127.0.0.1:PORT/alipay`
    pub fn url(&self) -> String {
        format!("mysql://root@127.0.0.1:{}/alipay", self.port)
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process id; of the last process when it is stopped.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// What it says it is, such as `10.11.6`; None when it does not answer.
    pub fn version(&self) -> Option<String> {
        greeting(self.port)
    }

    /// Whether the process runs.
    pub fn is_running(&mut self) -> bool {
        self.process.is_running()
    }

    /// An orderly end (SIGTERM; SIGKILL after 30 seconds).
    pub fn stop(&mut self) {
        self.process.stop(STOP);
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

    /// Starts it again at the same port with the same data, after [`stop`](MariaDb::stop) or
    /// [`kill`](MariaDb::kill), and waits until it accepts connections.
    ///
    /// # Errors
    /// As [`start`](MariaDb::start).
    pub fn start_again(&mut self) -> Result<(), ServerError> {
        if !self.is_running() {
            self.process = launch(&self.folder, self.port)?;
        }
        Ok(())
    }
}

fn data(folder: &Folder) -> PathBuf {
    folder.path().join("mariadb")
}

/// Where it puts temporary tables. A MariaDB that starts removes all of them that it finds: two that
/// shared /tmp would remove each other's.
fn temporary(folder: &Folder) -> PathBuf {
    folder.path().join("mariadb-temporary")
}

/// Makes the system tables.
fn install(folder: &Arc<Folder>) -> Result<(), ServerError> {
    fresh_folder(data(folder))?;
    fresh_folder(temporary(folder))?;
    let program = installed::find(&["mariadb-install-db"], &[], PACKAGE)?;
    let mut command = folder.server_command(&program);
    command
        .arg("--no-defaults")
        .arg(format!("--datadir={}", data(folder).display()))
        .arg(format!("--tmpdir={}", temporary(folder).display()))
        .args(["--auth-root-authentication-method=normal", "--skip-test-db"])
        .arg("--skip-name-resolve");
    if folder.is_roots() {
        command.arg("--user=root");
    }
    ServerProcess::spawn(folder, NAME, command, "mariadb-install.log")?.wait_end(START)
}

fn launch(folder: &Arc<Folder>, port: u16) -> Result<ServerProcess, ServerError> {
    let program = installed::find(&["mariadbd"], &["/usr/libexec"], PACKAGE)?;
    let init = folder.path().join("mariadb-init.sql");
    write(init.clone(), "CREATE DATABASE IF NOT EXISTS alipay CHARACTER SET utf8mb4;\n")?;
    let mut command = folder.server_command(&program);
    command
        .arg("--no-defaults")
        .arg(format!("--datadir={}", data(folder).display()))
        .arg(format!("--tmpdir={}", temporary(folder).display()))
        .arg(format!("--port={port}"))
        .arg(format!("--init-file={}", init.display()))
        // Relative to the data folder: the path of a socket must not pass 107 bytes.
        .args(["--bind-address=127.0.0.1", "--socket=mariadb.sock", "--pid-file=mariadb.pid"])
        .args(["--skip-name-resolve", "--character-set-server=utf8mb4"])
        .args(["--innodb-buffer-pool-size=512M", "--max-connections=500"]);
    if folder.is_roots() {
        command.arg("--user=root");
    }
    let mut process = ServerProcess::spawn(folder, NAME, command, LOG)?;
    process.wait_ready("ready for connections", START)?;
    Ok(process)
}

/// The version in the first packet that a server sends (protocol 10: a zero-ended text after the
/// packet's 4 byte header and the protocol's number).
fn greeting(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let mut packet = [0; 128];
    let length = stream.read(&mut packet).ok()?;
    let version = packet.get(5..length)?.split(|byte| *byte == 0).next()?;
    let version = std::str::from_utf8(version).ok()?;
    // MariaDB puts "5.5.5-" in front of it for old replicas.
    let version = version.strip_prefix("5.5.5-").unwrap_or(version);
    version.split('-').next().map(str::to_owned)
}
