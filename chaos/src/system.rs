//! What is broken: two servers, two ingresses, three workers, and the lines from these to those, each
//! with its supervisor.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use alipay::{Md5Key, PrivateKey, Signer};
use anyhow::Context;
use hyper::Uri;
use rand::RngExt;
use simulator::MerchantIdentity;
use testkit::{
    FaultProxy, Folder, Merchants, Pipeline, RabbitMq, RabbitMqControl, Servers, Wanted,
};

use crate::faults::{PartKind, PlannedFault, parts};
use crate::gateway::{AlipayGateway, GatewayAddress};
use crate::part::{Engine, Launch, News, Part};
use crate::say;

/// Which of the two merchants gives back what is paid after an order's time.
pub(crate) const REFUNDS_LATE: usize = 1;
/// The work queue.
const WORK: &str = "alipay.notify.0";
/// Ports for the ingresses: below what systems give to outgoing connections, which could take the
/// port of an ingress that is down, and below testkit's.
const PORTS: std::ops::Range<u16> = 10_000..20_000;

/// One merchant as Alipay knows it.
#[derive(Debug, Clone)]
pub(crate) struct SimulatedMerchant {
    pub(crate) name: &'static str,
    pub(crate) merchant: MerchantIdentity,
    pub(crate) signer: Signer,
    /// Its notify URL at each ingress.
    pub(crate) to: Vec<Uri>,
}

/// How the system is set up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChaosSettings {
    /// Codes in stock.
    pub(crate) units: usize,
    /// Whether programs reach servers through lines that can be broken, and ask the gateway. Otherwise they reach them directly.
    pub(crate) lines: bool,
    /// When the gateway is asked about an unpaid order.
    pub(crate) unpaid_after: Duration,
    /// Work queues, for all programs but the first worker.
    pub(crate) shards: u64,
}

/// Everything that runs.
pub(crate) struct ChaosSystem {
    pub(crate) shop: Pipeline,
    /// Where the pipeline asks; it knows of what was lost.
    pub(crate) gateway: AlipayGateway,
    pub(crate) gateways: [SimulatedMerchant; 2],
    pub(crate) database_url: String,
    /// HOST:PORT of each of the broker's nodes.
    pub(crate) brokers: Vec<String>,
    /// Tells which node leads the work queue.
    controls: Vec<RabbitMqControl>,
    pub(crate) news: Receiver<News>,
    parts: BTreeMap<PartKind, Vec<Part>>,
    servers: Arc<Folder>,
    /// Configuration, logs and ledger.
    pub(crate) folder: PathBuf,
}

impl ChaosSystem {
    /// Starts everything.
    pub(crate) fn start(
        folder: PathBuf,
        settings: ChaosSettings,
        wanted: Wanted,
    ) -> anyhow::Result<ChaosSystem> {
        let ChaosSettings { units, lines, unpaid_after, shards } = settings;
        std::fs::create_dir_all(&folder)?;
        let mut servers = Servers::start(Arc::new(Folder::create()?), wanted, |line| {
            say(&format!("· {line}"));
        })?;
        let nodes = std::mem::take(&mut servers.brokers);
        let broker_urls: Vec<String> = nodes.iter().map(RabbitMq::url).collect();
        let mut environment = servers.environment();
        // A program goes on with another node when its own is away.
        environment.push(("AMQP_URL", broker_urls.join(",")));
        let variable = |name: &str| {
            let found = environment.iter().find(|(other, _)| *other == name);
            found.map(|(_, value)| value.clone()).with_context(|| format!("no {name}"))
        };
        let md5_key = format!("chaos{:027x}", rand::rng().random::<u64>());
        let borrowed: Vec<(&str, &str)> =
            environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let address = GatewayAddress::bind()?;
        let merchants = Merchants { md5_key: &md5_key, gateway: Some(&address.url()) };
        // DATABASE_URL, AMQP_URL and where an ingress listens come from the environment. One merchant gives back
        // what is paid late, the other delivers.
        let text = format!(
            "[events]\nenabled = true\n{merchants}late_payment = \"refund\"\n\n[worker]\nqueries = {lines}\n\
             query_timeout = \"3s\"\nquery_unpaid_after = \"{}s\"\n\n[queue]\nshards = {shards}\n",
            unpaid_after.as_secs()
        );
        let mut shop = Pipeline::new(&folder, &text, &borrowed)?;
        shop.generate_keys()?;
        let key = std::fs::read_to_string(shop.file("alipay/alipay_private.pem"))?;
        let alipay_key = PrivateKey::read(&key)?;
        let gateway = AlipayGateway::start(address, shop.config(), &alipay_key)?;
        let codes: Vec<String> = (0..units).map(|number| format!("CODE-{number:08}")).collect();
        shop.prepare(&codes)?;
        shop.add_product("VIP", "会员 30 天", &["--kind", "subscription", "--days", "30"])?;
        say(&format!("· schema, queues, 2 products, {units} codes in stock"));

        let ports = [free_port()?, free_port()?];
        let to = |name: &str| -> anyhow::Result<Vec<Uri>> {
            let uri = |port| format!("http://127.0.0.1:{port}/alipay/{name}/notify").parse();
            Ok(ports.iter().map(uri).collect::<Result<_, _>>()?)
        };
        let gateways = [
            SimulatedMerchant {
                name: "shop",
                merchant: MerchantIdentity::mapi(Merchants::SELLER_ID),
                signer: Signer::Md5(Md5Key::new(md5_key.as_str())),
                to: to("shop")?,
            },
            SimulatedMerchant {
                name: "app",
                merchant: MerchantIdentity::openapi(Merchants::APP_ID, Merchants::SELLER_ID),
                signer: Signer::Rsa2(alipay_key),
                to: to("app")?,
            },
        ];
        let (tell, news) = mpsc::channel();
        let database_url = variable("DATABASE_URL")?;
        let brokers = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port())).collect();
        let controls = nodes.iter().map(RabbitMq::remote).collect();
        let counts = BTreeMap::from(parts(nodes.len()));
        let database = servers.database.take().context("no database")?;
        let mut engines = vec![(PartKind::Database, 0, Engine::Database(database))];
        for (node, number) in nodes.into_iter().zip(0..) {
            engines.push((PartKind::Broker, number, Engine::Broker(node)));
        }
        for (kind, number) in [PartKind::Ingress, PartKind::Worker]
            .into_iter()
            .flat_map(|kind| (0..counts[&kind]).map(move |number| (kind, number)))
        {
            let mut own = shop.clone();
            let database_urls = vec![database_url.clone()];
            for (name, mut urls) in
                [("AMQP_URL", broker_urls.clone()), ("DATABASE_URL", database_urls)]
            {
                if let Some(line_kind) = line_of(kind, name).filter(|_| lines) {
                    // Of a cluster: to one node, another one for each program.
                    let at = number % urls.len();
                    let line = FaultProxy::in_front_of(&urls[at]).context("a line")?;
                    urls[at] = line.url(&urls[at]);
                    engines.push((line_kind, number, Engine::Line(line)));
                }
                own.set(name, &urls.join(","));
            }
            if (kind, number) == (PartKind::Worker, 0) {
                own.set("ALIPAY__QUEUE__SHARDS", "1");
            }
            if kind == PartKind::Ingress {
                own.set("ALIPAY__INGRESS__LISTEN", &format!("127.0.0.1:{}", ports[number]));
            }
            let log = folder.join(format!("{}.log", kind.part_name(number, counts[&kind])));
            let launch = Launch { program: kind.name(), shop: own, log };
            engines.push((kind, number, Engine::Program(launch, None)));
        }
        let mut parts: BTreeMap<PartKind, Vec<Part>> = BTreeMap::new();
        for (kind, number, engine) in engines {
            let name = kind.part_name(number, counts[&kind]);
            let part = Part::supervise(name, engine, tell.clone());
            parts.entry(kind).or_default().push(part);
        }
        let servers = servers.folder().clone();
        Ok(ChaosSystem {
            shop,
            gateway,
            gateways,
            database_url,
            brokers,
            controls,
            news,
            parts,
            servers,
            folder,
        })
    }

    /// Breaks a part.
    pub(crate) fn inject(&self, fault: &PlannedFault) {
        let leader = if fault.leader { self.leader() } else { None };
        let number = leader.unwrap_or(fault.number);
        if let Some(part) = self.of(fault.kind).get(number) {
            part.inject(fault.action);
        }
        if leader.is_some() {
            say(&format!("  broker-{} leads {WORK} and is broken now", number + 1));
        }
    }

    /// The node that leads the work queue, as the first node says that answers; counted from 0.
    fn leader(&self) -> Option<usize> {
        let list = ["list_queues", "--timeout", "5", "--no-table-headers", "name", "leader"];
        let queues = self.controls.iter().find_map(|node| node.run(&list).ok())?;
        let mut columns = queues.lines().filter_map(|line| line.split_once('\t'));
        let (_, leader) = columns.find(|(name, _)| *name == WORK)?;
        self.controls.iter().position(|node| node.node() == leader.trim())
    }

    /// Ends a server in an orderly way.
    pub(crate) fn stop(&self, server: PartKind) {
        self.of(server).iter().for_each(|part| drop(part.stop()));
    }

    /// Starts a server again; what is returned answers when it has started.
    pub(crate) fn begin_start(&self, server: PartKind) -> Vec<Receiver<()>> {
        self.of(server).iter().map(Part::begin_start).collect()
    }

    /// Stops all workers gracefully; returns those that ended in another way.
    pub(crate) fn stop_workers(&self) -> Vec<String> {
        let ends = self.of(PartKind::Worker).iter().zip(1..).map(|(part, number)| {
            let how = part.stop().unwrap_or_else(|| "not at all within a minute".to_owned());
            (number, how)
        });
        ends.filter(|(_, how)| how != "exit status: 0")
            .map(|(number, how)| format!("worker-{number} ended after SIGTERM: {how}"))
            .collect()
    }

    /// Starts all workers again.
    pub(crate) fn start_workers(&self) {
        self.of(PartKind::Worker).iter().for_each(Part::start);
    }

    /// Puts the servers' logs beside ours, before their folder goes.
    pub(crate) fn keep_logs(&self) {
        keep_logs(self.servers.path(), &self.folder);
    }

    /// The servers' folder.
    pub(crate) fn servers(&self) -> &Path {
        self.servers.path()
    }

    fn of(&self, kind: PartKind) -> &[Part] {
        self.parts.get(&kind).map_or(&[], Vec::as_slice)
    }
}

/// Copies the logs of servers.
pub(crate) fn keep_logs(servers: &Path, folder: &Path) {
    let Ok(files) = servers.read_dir() else { return };
    for file in files.flatten().filter(|file| file.path().extension().is_some_and(|e| e == "log")) {
        // What cannot be copied is missed beside the others, and that says enough.
        let _ = std::fs::copy(file.path(), folder.join(file.file_name()));
    }
}

/// The line from this program to the server of a variable. The ingress knows no database.
fn line_of(kind: PartKind, variable: &str) -> Option<PartKind> {
    match (kind, variable) {
        (PartKind::Worker, "AMQP_URL") => Some(PartKind::WorkerToBroker),
        (PartKind::Worker, "DATABASE_URL") => Some(PartKind::WorkerToDatabase),
        (PartKind::Ingress, "AMQP_URL") => Some(PartKind::IngressToBroker),
        _ => None,
    }
}

fn free_port() -> anyhow::Result<u16> {
    let mut rng = rand::rng();
    (0..200)
        .map(|_| rng.random_range(PORTS))
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .context("no free port on 127.0.0.1")
}
