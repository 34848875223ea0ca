//! A private RabbitMQ.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::certificates::KeyPairFiles;
use crate::folder::Folder;
use crate::process::{ServerError, ServerProcess, fresh_folder, write};
use crate::{installed, ports};

const NAME: &str = "RabbitMQ";
const PACKAGE: &str = "rabbitmq-server";
const LOG: &str = "rabbitmq.log";
/// Erlang's name of it.
const NODE: &str = "testkit@localhost";
/// Where the program itself is. The one on Debian's PATH is a wrapper that changes the user and
/// drops the environment.
const FOLDERS: [&str; 2] = ["/usr/lib/rabbitmq/bin", "/opt/rabbitmq/sbin"];
/// How long it may take until it accepts connections; 5 seconds on an idle machine.
const START: Duration = Duration::from_secs(120);
/// How long an orderly end may take; 6 seconds on an idle machine.
const STOP: Duration = Duration::from_secs(60);

/// A RabbitMQ on 127.0.0.1, user `guest`, with the management plugin for its HTTP API: tests make
/// vhosts with it. The plugin's statistics are off, so that they do not skew measurements.
#[derive(Debug)]
pub struct RabbitMq {
    folder: Arc<Folder>,
    process: ServerProcess,
    /// Erlang's name service. A foreground child of ours at a port of its own: the one that Erlang
    /// would start in the background outlives the server.
    names: ServerProcess,
    ports: Ports,
}

/// What a private broker does differently.
#[derive(Debug, Clone, Default)]
pub struct RabbitMqOptions {
    /// A TLS listener beside the plain one.
    pub tls: Option<ServerTls>,
    /// More lines of `rabbitmq.conf`, such as `consumer_timeout = 60000`.
    pub lines: Vec<String>,
}

/// The TLS listener of a private broker.
#[derive(Debug, Clone)]
pub struct ServerTls {
    /// Its certificate and key.
    pub server: KeyPairFiles,
    /// The authority that clients' certificates are checked against.
    pub ca: PathBuf,
    /// Whether a client without a certificate is refused (`verify_peer` and
    /// `fail_if_no_peer_cert`).
    pub client_certificate: bool,
}

#[derive(Debug, Clone, Copy)]
struct Ports {
    amqp: u16,
    /// Nobody listens there without [`RabbitMqOptions::tls`].
    tls: u16,
    management: u16,
    /// Erlang's own protocol between nodes and command line tools.
    distribution: u16,
    names: u16,
}

impl RabbitMq {
    /// Makes an empty broker in the folder and waits until it accepts connections.
    ///
    /// # Errors
    /// It is not installed or does not start; the message holds the end of its log.
    pub fn start(folder: &Arc<Folder>) -> Result<RabbitMq, ServerError> {
        RabbitMq::start_with(folder, &RabbitMqOptions::default())
    }

    /// [`start`](RabbitMq::start) with other settings. One broker a folder.
    ///
    /// # Errors
    /// As [`start`](RabbitMq::start).
    pub fn start_with(
        folder: &Arc<Folder>,
        options: &RabbitMqOptions,
    ) -> Result<RabbitMq, ServerError> {
        let mut attempts_left = 2;
        loop {
            let [amqp, tls, management, distribution, names] = ports::free()?;
            let ports = Ports { amqp, tls, management, distribution, names };
            configure(folder, ports, options)?;
            let mut names = launch_names(folder, ports)?;
            match launch(folder, ports) {
                Ok(process) => {
                    return Ok(RabbitMq { folder: folder.clone(), process, names, ports });
                }
                Err(error) if error.is_port_clash() && attempts_left > 0 => attempts_left -= 1,
                Err(error) => return Err(error),
            }
            names.kill();
        }
    }

    /// `amqp://guest:guest@127.0.0.1:PORT/%2f`
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.ports.amqp)
    }

    /// `amqps://guest:guest@HOST:PORT/%2f`, the TLS listener of [`RabbitMqOptions::tls`]; the server
    /// listens at 127.0.0.1, whatever `host` is written.
    pub fn tls_url(&self, host: &str) -> String {
        format!("amqps://guest:guest@{host}:{}/%2f", self.ports.tls)
    }

    /// `http://guest:guest@127.0.0.1:PORT`, the management plugin's HTTP API.
    pub fn admin_url(&self) -> String {
        format!("http://guest:guest@127.0.0.1:{}", self.ports.management)
    }

    /// Its AMQP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.ports.amqp
    }

    /// Its port for TLS on 127.0.0.1.
    pub fn tls_port(&self) -> u16 {
        self.ports.tls
    }

    /// Its process id; of the last process when it is stopped.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// What it says it is, such as `3.10.8`; None when it does not answer.
    pub fn version(&self) -> Option<String> {
        greeting(self.ports.amqp)
    }

    /// Whether the process runs.
    pub fn is_running(&mut self) -> bool {
        self.process.is_running()
    }

    /// An orderly end (SIGTERM; SIGKILL after 60 seconds).
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

    /// Runs `rabbitmqctl` on it, such as `["close_all_connections", "-p", "/", "test"]`, and returns
    /// what it printed. Takes a second or two.
    ///
    /// # Errors
    /// It is not installed, or says no; the message holds its words.
    pub fn control(&self, arguments: &[&str]) -> Result<String, ServerError> {
        let program = installed::find(&["rabbitmqctl"], &FOLDERS, PACKAGE)?;
        let mut command = self.folder.server_command(&program);
        command
            .env("ERL_EPMD_PORT", self.ports.names.to_string())
            .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
            .args(["--quiet", "--node", NODE])
            .args(arguments);
        let output = command.output().map_err(|error| ServerError::Spawn { program, error })?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() {
            return Ok(text(&output.stdout));
        }
        let words = format!("{} {}", text(&output.stdout), text(&output.stderr));
        Err(ServerError::Refused { command: arguments.join(" "), words })
    }

    /// Starts it again at the same ports with the same data, after [`stop`](RabbitMq::stop) or
    /// [`kill`](RabbitMq::kill), and waits until it accepts connections.
    ///
    /// # Errors
    /// As [`start`](RabbitMq::start).
    pub fn start_again(&mut self) -> Result<(), ServerError> {
        if !self.names.is_running() {
            self.names = launch_names(&self.folder, self.ports)?;
        }
        if !self.is_running() {
            self.process = launch(&self.folder, self.ports)?;
        }
        Ok(())
    }
}

fn configure(folder: &Folder, ports: Ports, options: &RabbitMqOptions) -> Result<(), ServerError> {
    for name in ["rabbitmq", "rabbitmq-logs"] {
        fresh_folder(folder.path().join(name))?;
    }
    write(folder.path().join("rabbitmq-plugins"), "[rabbitmq_management].\n")?;
    // Memory and disk: a broker that is short of either blocks publishers. A test machine is
    // shared with compilers, so the limits are wide.
    write(
        folder.path().join("rabbitmq.conf"),
        &format!(
            "listeners.tcp.1 = 127.0.0.1:{amqp}\n\
             management.tcp.ip = 127.0.0.1\n\
             management.tcp.port = {management}\n\
             management.rates_mode = none\n\
             management_agent.disable_metrics_collector = true\n\
             vm_memory_high_watermark.relative = 0.7\n\
             disk_free_limit.absolute = 50MB\n\
             log.console = true\n\
             log.file = false\n\
             log.connection.level = warning\n\
             {more}",
            amqp = ports.amqp,
            management = ports.management,
            more = more_lines(ports, options),
        ),
    )
}

fn more_lines(ports: Ports, options: &RabbitMqOptions) -> String {
    let mut lines = options.lines.clone();
    if let Some(ServerTls { server, ca, client_certificate }) = &options.tls {
        let verify = if *client_certificate { "verify_peer" } else { "verify_none" };
        lines.extend([
            format!("listeners.ssl.1 = 127.0.0.1:{}", ports.tls),
            format!("ssl_options.cacertfile = {}", ca.display()),
            format!("ssl_options.certfile = {}", server.certificate.display()),
            format!("ssl_options.keyfile = {}", server.key.display()),
            format!("ssl_options.verify = {verify}"),
            format!("ssl_options.fail_if_no_peer_cert = {client_certificate}"),
        ]);
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

fn launch_names(folder: &Arc<Folder>, ports: Ports) -> Result<ServerProcess, ServerError> {
    let program = installed::find(&["epmd"], &[], "erlang-base")?;
    let mut command = folder.server_command(&program);
    command.env("ERL_EPMD_PORT", ports.names.to_string()).env("ERL_EPMD_ADDRESS", "127.0.0.1");
    ServerProcess::spawn(folder, NAME, command, LOG)
}

fn launch(folder: &Arc<Folder>, ports: Ports) -> Result<ServerProcess, ServerError> {
    let program = installed::find(&["rabbitmq-server"], &FOLDERS, PACKAGE)?;
    let inside = |name: &str| folder.path().join(name);
    let mut command = folder.server_command(&program);
    command
        .env("ERL_EPMD_PORT", ports.names.to_string())
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_NODENAME", NODE)
        .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_NODE_PORT", ports.amqp.to_string())
        .env("RABBITMQ_DIST_PORT", ports.distribution.to_string())
        .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
        .env("RABBITMQ_CONFIG_FILE", inside("rabbitmq.conf"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", inside("rabbitmq-plugins"))
        .env("RABBITMQ_MNESIA_BASE", inside("rabbitmq"))
        .env("RABBITMQ_LOG_BASE", inside("rabbitmq-logs"))
        .env("RABBITMQ_PID_FILE", inside("rabbitmq.pid"))
        .env("RABBITMQ_LOGS", "-")
        // With input allowed the script becomes the server instead of its parent, so that our
        // child is the server itself; -noinput takes the input away again.
        .env("RABBITMQ_ALLOW_INPUT", "1")
        .env(
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
            "-noinput -kernel inet_dist_use_interface {127,0,0,1}",
        );
    let mut process = ServerProcess::spawn(folder, NAME, command, LOG)?;
    process.wait_ready("Server startup complete", START)?;
    Ok(process)
}

/// The version in `connection.start`, which a broker answers to AMQP's protocol header: among its
/// server properties, as name (1 byte length), `S`, 4 byte length, text.
fn greeting(port: u16) -> Option<String> {
    const NAME: &[u8] = b"\x07versionS\0\0\0";
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    stream.write_all(b"AMQP\0\0\x09\x01").ok()?;
    let mut frame = [0; 4096];
    let length = stream.read(&mut frame).ok()?;
    let frame = &frame[..length];
    let at = frame.windows(NAME.len()).position(|window| window == NAME)? + NAME.len();
    let length = usize::from(*frame.get(at)?);
    let version = frame.get(at + 1..at + 1 + length)?;
    String::from_utf8(version.to_vec()).ok()
}
