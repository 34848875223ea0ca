//! A private database server.

use std::io::Read;
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use crate::folder::Folder;
use crate::kind::DatabaseKind;
use crate::ports;
use crate::process::{ServerError, ServerProcess, fresh_folder, write};
use crate::server::{Server, ServerProgram};

/// How long it may take until it accepts connections; recovery after a kill included.
const START: Duration = Duration::from_secs(60);
/// In the data folder: the path of a socket must not pass 107 bytes.
const SOCKET: &str = "database.sock";
/// Run at every start. MySQL's own root is `localhost`'s alone, which is the socket.
const INIT_MARIADB: &str = "CREATE DATABASE IF NOT EXISTS alipay CHARACTER SET utf8mb4;\n";
const INIT_MYSQL: &str = "CREATE DATABASE IF NOT EXISTS alipay CHARACTER SET utf8mb4;\n\
    CREATE USER IF NOT EXISTS root@'%';\n\
    GRANT ALL PRIVILEGES ON *.* TO root@'%' WITH GRANT OPTION;\n";

/// A MariaDB or MySQL on 127.0.0.1 with the database `alipay`. User `root` has no password.
///
/// It is as durable as by default: every commit waits for fsync.
pub type Database = Server<DatabaseProgram>;

/// What a private database does differently.
#[derive(Debug, Clone, Default)]
pub struct DatabaseOptions {
    /// Which one; without it the one that [`DatabaseKind::selected`] tells.
    pub kind: Option<DatabaseKind>,
    /// More arguments of the server, such as `--require-secure-transport=ON`.
    pub arguments: Vec<String>,
}

/// How a database server is started.
#[derive(Debug)]
pub struct DatabaseProgram {
    kind: DatabaseKind,
    port: u16,
    arguments: Vec<String>,
}

impl Database {
    /// Makes an empty database server of the [selected](DatabaseKind::selected) kind in the folder
    /// and waits until it accepts connections.
    ///
    /// # Errors
    /// It is not installed or does not start; the message holds the end of its log.
    pub fn start(folder: &Arc<Folder>) -> Result<Database, ServerError> {
        Database::start_with(folder, &DatabaseOptions::default())
    }

    /// [`start`](Database::start) with other settings. One database a folder.
    ///
    /// # Errors
    /// As [`start`](Database::start).
    pub fn start_with(
        folder: &Arc<Folder>,
        options: &DatabaseOptions,
    ) -> Result<Database, ServerError> {
        let kind = options.kind.map_or_else(DatabaseKind::selected, Ok)?;
        let mut attempts_left = 2;
        loop {
            let [port] = ports::free()?;
            let program = DatabaseProgram { kind, port, arguments: options.arguments.clone() };
            program.install(folder)?;
            match Server::launch(folder, program) {
                Err(error) if error.is_port_clash() && attempts_left > 0 => attempts_left -= 1,
                outcome => return outcome,
            }
        }
    }

    /// Which one it is.
    pub fn kind(&self) -> DatabaseKind {
        self.program.kind
    }

    /// `mysql://root@127.0.0.1:PORT/alipay`
    pub fn url(&self) -> String {
        format!("mysql://root@127.0.0.1:{}/alipay", self.program.port)
    }

    /// Other arguments from the next [`start_again`](Server::start_again) on.
    pub fn set_arguments(&mut self, arguments: &[&str]) {
        self.program.arguments = arguments.iter().map(|one| (*one).to_owned()).collect();
    }
}

impl DatabaseProgram {
    /// Makes the system tables.
    fn install(&self, folder: &Arc<Folder>) -> Result<(), ServerError> {
        fresh_folder(data(folder))?;
        fresh_folder(temporary(folder))?;
        let mut command = self.command(folder, Step::Install)?;
        match self.kind {
            DatabaseKind::Installed | DatabaseKind::MariaDb11 => command
                .args(["--auth-root-authentication-method=normal", "--skip-test-db"])
                .arg("--skip-name-resolve"),
            DatabaseKind::MySql => command.arg("--initialize-insecure"),
        };
        ServerProcess::spawn(folder, self.kind.product(), command, "database-install.log")?
            .wait_end(START)
    }

    /// A program with what both steps need.
    fn command(&self, folder: &Folder, step: Step) -> Result<Command, ServerError> {
        let (program, package) = match (self.kind, step) {
            (DatabaseKind::MySql, _) => ("mysqld", "mysql-server"),
            (_, Step::Install) => ("mariadb-install-db", "mariadb-server"),
            (_, Step::Serve) => ("mariadbd", "mariadb-server"),
        };
        let place = self.kind.place();
        let mut command = place.command(folder, &[program], &["/usr/libexec"], package)?;
        command
            .arg("--no-defaults")
            .arg(format!("--datadir={}", data(folder).display()))
            .arg(format!("--tmpdir={}", temporary(folder).display()));
        if place.is_root(folder) {
            command.arg("--user=root");
        }
        if self.kind == DatabaseKind::MySql {
            // Debian's folder for files that statements read and write does not exist for ours.
            command.arg("--secure-file-priv=");
        }
        Ok(command)
    }
}

/// What a program is called for.
#[derive(Clone, Copy)]
enum Step {
    Install,
    Serve,
}

impl ServerProgram for DatabaseProgram {
    const STOP: Duration = Duration::from_secs(30);

    fn launch(&self, folder: &Arc<Folder>) -> Result<ServerProcess, ServerError> {
        let (init, more) = match self.kind {
            DatabaseKind::Installed | DatabaseKind::MariaDb11 => (INIT_MARIADB, None),
            DatabaseKind::MySql => (INIT_MYSQL, Some("--mysqlx=OFF")),
        };
        let init_file = folder.path().join("database-init.sql");
        write(init_file.clone(), init)?;
        let mut command = self.command(folder, Step::Serve)?;
        command
            .arg(format!("--port={}", self.port))
            .arg(format!("--socket={SOCKET}"))
            .arg(format!("--init-file={}", init_file.display()))
            .args(["--bind-address=127.0.0.1", "--pid-file=database.pid"])
            .args(["--skip-name-resolve", "--character-set-server=utf8mb4"])
            .args(["--innodb-buffer-pool-size=512M", "--max-connections=500"])
            .args(more)
            .args(&self.arguments);
        let mut process =
            ServerProcess::spawn(folder, self.kind.product(), command, "database.log")?;
        // "ready for connections", which is translated: the line that names socket and port.
        let (socket, port) = (format!("'{SOCKET}'"), self.port.to_string());
        process.wait_ready(|line| line.contains(&socket) && line.contains(&port), START)?;
        Ok(process)
    }

    fn port(&self) -> u16 {
        self.port
    }

    fn version(&self) -> Option<String> {
        greeting(self.port)
    }
}

fn data(folder: &Folder) -> PathBuf {
    folder.path().join("database")
}

/// Where it puts temporary tables. A MariaDB that starts removes all of them that it finds: two that
/// shared /tmp would remove each other's.
fn temporary(folder: &Folder) -> PathBuf {
    folder.path().join("database-temporary")
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
