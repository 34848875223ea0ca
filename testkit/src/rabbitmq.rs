//! A private RabbitMQ.

mod control;
mod epmd;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::certificates::KeyPairFiles;
use crate::folder::Folder;
use crate::kind::BrokerKind;
use crate::ports;
use crate::process::{ServerError, ServerProcess, fresh_folder, write};
pub use crate::rabbitmq::control::RabbitMqControl;
use crate::rabbitmq::epmd::Epmd;
use crate::server::{Server, ServerProgram};
use crate::suite::Place;

const NAME: &str = "RabbitMQ";
/// How long it may take until it accepts connections; 5 seconds on an idle machine, a cluster 30.
const START: Duration = Duration::from_secs(120);

/// A node of RabbitMQ on 127.0.0.1, user `guest`, with the management plugin for its HTTP API: tests
/// make vhosts with it. The plugin's statistics are off, so that they do not skew measurements.
pub type RabbitMq = Server<RabbitMqProgram>;

/// How a node is started.
#[derive(Debug)]
pub struct RabbitMqProgram {
    place: Place,
    /// `rabbitmq`, in a cluster `rabbitmq-2`: its files' names begin with it.
    name: String,
    ports: Ports,
    names: Arc<Epmd>,
    /// The other nodes of its cluster, as Erlang names them.
    peers: Vec<String>,
}

/// What a private broker does differently.
#[derive(Debug, Clone, Default)]
pub struct RabbitMqOptions {
    /// Which one; without it the one that [`BrokerKind::selected`] tells.
    pub kind: Option<BrokerKind>,
    /// A TLS listener beside the plain one.
    pub tls: Option<ServerTls>,
    /// More lines of `rabbitmq.conf`, such as `consumer_timeout = 60000`.
    pub lines: Vec<String>,
    /// More plugins than the management plugin, such as `rabbitmq_shovel`.
    pub plugins: Vec<String>,
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
}

impl Ports {
    fn free() -> Result<Ports, ServerError> {
        let [amqp, tls, management, distribution] = ports::free()?;
        Ok(Ports { amqp, tls, management, distribution })
    }
}

impl RabbitMq {
    /// Makes an empty broker of one node in the folder, of the
    /// [selected](BrokerKind::selected) kind, and waits until it accepts connections.
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
        let place = options.kind.map_or_else(BrokerKind::selected, Ok)?.place();
        let mut attempts_left = 2;
        loop {
            let names = Arc::new(Epmd::start(folder, place)?);
            let name = "rabbitmq".to_owned();
            let program =
                RabbitMqProgram { place, name, ports: Ports::free()?, names, peers: Vec::new() };
            program.configure(folder, &more_lines(program.ports, options), &options.plugins)?;
            match Server::launch(folder, program) {
                Err(error) if error.is_port_clash() && attempts_left > 0 => attempts_left -= 1,
                outcome => return outcome,
            }
        }
    }

    /// Makes an empty broker of `count` nodes that know each other and waits until each accepts
    /// connections. A queue that is declared in it is on three nodes.
    ///
    /// # Errors
    /// As [`start`](RabbitMq::start).
    pub fn start_cluster(
        folder: &Arc<Folder>,
        kind: BrokerKind,
        count: usize,
    ) -> Result<Vec<RabbitMq>, ServerError> {
        let place = kind.place();
        let mut attempts_left = 2;
        loop {
            let names = Arc::new(Epmd::start(folder, place)?);
            let program = |number| {
                let (name, names) = (format!("rabbitmq-{number}"), names.clone());
                let others = (1..=count).filter(|other| *other != number);
                let peers = others.map(|other| format!("rabbitmq-{other}@localhost")).collect();
                Ok(RabbitMqProgram { place, name, ports: Ports::free()?, names, peers })
            };
            let programs = (1..=count).map(program).collect::<Result<Vec<_>, ServerError>>()?;
            let lines = cluster_lines(&programs);
            for program in &programs {
                program.configure(folder, &lines, &[])?;
            }
            // At the same time: the first node waits for others.
            let nodes: Result<Vec<RabbitMq>, ServerError> = std::thread::scope(|scope| {
                let start = |program| scope.spawn(move || Server::launch(folder, program));
                let starting: Vec<_> = programs.into_iter().map(start).collect();
                let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
                    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                };
                starting.into_iter().map(join).collect()
            });
            match nodes {
                Err(error) if error.is_port_clash() && attempts_left > 0 => attempts_left -= 1,
                outcome => return outcome,
            }
        }
    }

    /// `amqp://guest:guest@127.0.0.1:PORT/%2f`
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.program.ports.amqp)
    }

    /// `amqps://guest:guest@HOST:PORT/%2f`, the TLS listener of [`RabbitMqOptions::tls`]; the server
    /// listens at 127.0.0.1, whatever `host` is written.
    pub fn tls_url(&self, host: &str) -> String {
        format!("amqps://guest:guest@{host}:{}/%2f", self.program.ports.tls)
    }

    /// `http://guest:guest@127.0.0.1:PORT`, the management plugin's HTTP API.
    pub fn admin_url(&self) -> String {
        format!("http://guest:guest@127.0.0.1:{}", self.program.ports.management)
    }

    /// Its port for TLS on 127.0.0.1.
    pub fn tls_port(&self) -> u16 {
        self.program.ports.tls
    }

    /// Erlang's name of it, by which nodes of a cluster and their queues' leaders are named.
    pub fn node(&self) -> String {
        self.program.node()
    }

    /// As [`RabbitMqControl::run`].
    ///
    /// # Errors
    /// As [`RabbitMqControl::run`].
    pub fn control(&self, arguments: &[&str]) -> Result<String, ServerError> {
        self.remote().run(arguments)
    }

    /// `rabbitmqctl` for callers that do not own the node.
    pub fn remote(&self) -> RabbitMqControl {
        let RabbitMqProgram { place, names, .. } = &self.program;
        let (folder, names, node) = (self.folder.clone(), names.clone(), self.node());
        RabbitMqControl { folder, place: *place, node, names }
    }

    /// Cuts the lines between this node and the other nodes of its cluster: they are closed, and
    /// cannot be opened from either side until [`join_peers`](RabbitMq::join_peers). Clients stay
    /// connected.
    ///
    /// # Errors
    /// As [`control`](RabbitMq::control).
    pub fn cut_peers(&self) -> Result<(), ServerError> {
        // A node that has another cookie for a peer refuses it, and is refused by it.
        self.to_peers("erlang:set_cookie(N, cut), erlang:disconnect_node(N)")
    }

    /// Ends [`cut_peers`](RabbitMq::cut_peers).
    ///
    /// # Errors
    /// As [`control`](RabbitMq::control).
    pub fn join_peers(&self) -> Result<(), ServerError> {
        self.to_peers("erlang:set_cookie(N, erlang:get_cookie()), net_kernel:connect_node(N)")
    }

    /// Runs Erlang on this node for each peer `N`.
    fn to_peers(&self, erlang: &str) -> Result<(), ServerError> {
        let peers: Vec<String> =
            self.program.peers.iter().map(|peer| format!("'{peer}'")).collect();
        let all = format!("[begin {erlang} end || N <- [{}]].", peers.join(", "));
        self.control(&["eval", &all]).map(drop)
    }
}

impl RabbitMqProgram {
    /// Nodes find each other by the port that the name service tells, so the host is always this.
    fn node(&self) -> String {
        format!("{}@localhost", self.name)
    }

    /// `NAME` and what follows, in the folder.
    fn file(&self, folder: &Folder, rest: &str) -> PathBuf {
        folder.path().join(format!("{}{rest}", self.name))
    }

    fn configure(
        &self,
        folder: &Folder,
        more: &str,
        plugins: &[String],
    ) -> Result<(), ServerError> {
        for name in ["", "-logs"] {
            fresh_folder(self.file(folder, name))?;
        }
        let plugins: String = plugins.iter().map(|plugin| format!(",{plugin}")).collect();
        let plugins = format!("[rabbitmq_management{plugins}].\n");
        write(self.file(folder, "-plugins"), &plugins)?;
        // Memory and disk: a broker that is short of either blocks publishers. A test machine is
        // shared with compilers, so the limits are wide.
        write(
            self.file(folder, ".conf"),
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
                amqp = self.ports.amqp,
                management = self.ports.management,
            ),
        )
    }
}

impl ServerProgram for RabbitMqProgram {
    /// 6 seconds on an idle machine.
    const STOP: Duration = Duration::from_secs(60);

    fn launch(&self, folder: &Arc<Folder>) -> Result<ServerProcess, ServerError> {
        self.names.ensure(folder, self.place)?;
        let mut command = control::command(folder, self.place, &self.names, "rabbitmq-server")?;
        command
            .env("RABBITMQ_NODENAME", self.node())
            .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODE_PORT", self.ports.amqp.to_string())
            .env("RABBITMQ_DIST_PORT", self.ports.distribution.to_string())
            .env("RABBITMQ_CONFIG_FILE", self.file(folder, ".conf"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", self.file(folder, "-plugins"))
            .env("RABBITMQ_MNESIA_BASE", self.file(folder, ""))
            .env("RABBITMQ_LOG_BASE", self.file(folder, "-logs"))
            .env("RABBITMQ_PID_FILE", self.file(folder, ".pid"))
            .env("RABBITMQ_LOGS", "-")
            // With input allowed the script becomes the server instead of its parent, so that our
            // child is the server itself; -noinput takes the input away again.
            .env("RABBITMQ_ALLOW_INPUT", "1")
            .env(
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                "-noinput -kernel inet_dist_use_interface {127,0,0,1}",
            );
        let log = format!("{}.log", self.name);
        let mut process = ServerProcess::spawn(folder, NAME, command, &log)?;
        process.wait_ready(|line| line.contains("Server startup complete"), START)?;
        Ok(process)
    }

    fn port(&self) -> u16 {
        self.ports.amqp
    }

    fn version(&self) -> Option<String> {
        greeting(self.ports.amqp)
    }
}

/// Lines of `rabbitmq.conf` by which nodes find each other at their first start.
fn cluster_lines(nodes: &[RabbitMqProgram]) -> String {
    let mut lines = "cluster_formation.peer_discovery_backend = classic_config\n".to_owned();
    for (node, number) in nodes.iter().zip(1..) {
        lines += &format!("cluster_formation.classic_config.nodes.{number} = {}\n", node.node());
    }
    lines
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
