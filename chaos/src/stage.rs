//! What is broken: two servers, two ingresses, three workers, each with its supervisor.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};

use alipay::{Md5Key, PrivateKey, Signer};
use anyhow::Context;
use hyper::Uri;
use rand::RngExt;
use simulator::{KeyPair, Merchant};
use testkit::{FOLDER_VARIABLE, Folder, Pipeline, Servers, Wanted};

use crate::faults::{Fault, Kind, PARTS};
use crate::part::{Engine, Launch, News, Part};
use crate::say;

const SELLER_ID: &str = "2088000000000001";
const APP_ID: &str = "2021000000000001";
/// Ports for the ingresses: below what systems give to outgoing connections, which could take the
/// port of an ingress that is down, and below testkit's.
const PORTS: std::ops::Range<u16> = 10_000..20_000;

/// One merchant as Alipay knows it.
#[derive(Debug, Clone)]
pub(crate) struct Gateway {
    pub(crate) name: &'static str,
    pub(crate) merchant: Merchant,
    pub(crate) signer: Signer,
    /// Its notify URL at each ingress.
    pub(crate) to: Vec<Uri>,
}

/// Everything that runs.
pub(crate) struct Stage {
    pub(crate) shop: Pipeline,
    pub(crate) gateways: [Gateway; 2],
    pub(crate) database_url: String,
    pub(crate) news: Receiver<News>,
    parts: Vec<(Kind, Vec<Part>)>,
    servers: Arc<Folder>,
    /// Configuration, logs and ledger.
    pub(crate) folder: PathBuf,
}

impl Stage {
    /// Starts everything; `units` codes are in stock.
    pub(crate) fn set(folder: PathBuf, units: usize) -> anyhow::Result<Stage> {
        std::fs::create_dir_all(&folder)?;
        let mut servers = Servers::start(Arc::new(Folder::create()?), Wanted::BOTH, |line| {
            say(&format!("· {line}"));
        })?;
        let environment = servers.environment();
        let variable = |name: &str| {
            let found = environment.iter().find(|(other, _)| *other == name);
            found.map(|(_, value)| value.clone()).with_context(|| format!("no {name}"))
        };
        let keys = KeyPair::generate()?;
        let public = keys.write(&folder)?.public;
        let md5_key = format!("chaos{:027x}", rand::rng().random::<u64>());
        let borrowed: Vec<(&str, &str)> =
            environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let shop = Pipeline::new(&folder, &configuration(&md5_key, &public), &borrowed)?;
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
            Gateway {
                name: "shop",
                merchant: Merchant::mapi(SELLER_ID),
                signer: Signer::Md5(Md5Key::new(md5_key.as_str())),
                to: to("shop")?,
            },
            Gateway {
                name: "app",
                merchant: Merchant::openapi(APP_ID, SELLER_ID),
                signer: Signer::Rsa2(PrivateKey::read(&keys.private_pem)?),
                to: to("app")?,
            },
        ];
        let (tell, news) = mpsc::channel();
        let database_url = variable("DATABASE_URL")?;
        let environment: Vec<(String, String)> = ["AMQP_URL", "DATABASE_URL", FOLDER_VARIABLE]
            .into_iter()
            .map(|name| Ok((name.to_owned(), variable(name)?)))
            .collect::<anyhow::Result<_>>()?;
        let config = shop.config().display().to_string();
        let program = |kind: Kind, number: usize| {
            let mut environment = environment.clone();
            if kind == Kind::Ingress {
                let listen = format!("127.0.0.1:{}", ports[number]);
                environment.push(("ALIPAY__INGRESS__LISTEN".to_owned(), listen));
            }
            let launch = Launch {
                program: kind.name(),
                arguments: vec!["--config".to_owned(), config.clone()],
                environment,
                log: folder.join(format!("{}-{}.log", kind.name(), number + 1)),
            };
            Engine::Program(launch, None)
        };
        let mut engines = vec![
            (Kind::Broker, vec![Engine::Broker(servers.rabbitmq.take().context("no broker")?)]),
            (
                Kind::Database,
                vec![Engine::Database(servers.mariadb.take().context("no database")?)],
            ),
        ];
        for (kind, count) in PARTS {
            if matches!(kind, Kind::Worker | Kind::Ingress) {
                engines.push((kind, (0..count).map(|number| program(kind, number)).collect()));
            }
        }
        let parts =
            engines.into_iter().map(|(kind, engines)| (kind, supervise(kind, engines, &tell)));
        let parts = parts.collect();
        let servers = servers.folder().clone();
        Ok(Stage { shop, gateways, database_url, news, parts, servers, folder })
    }

    /// Breaks a part.
    pub(crate) fn inject(&self, fault: &Fault) {
        if let Some(part) = self.of(fault.kind).get(fault.number) {
            part.inject(fault.action);
        }
    }

    /// Ends all workers in an orderly way; tells of those that ended in another.
    pub(crate) fn stop_workers(&self) -> Vec<String> {
        let ends = self.of(Kind::Worker).iter().zip(1..).map(|(part, number)| {
            let how = part.stop().unwrap_or_else(|| "not at all within a minute".to_owned());
            (number, how)
        });
        ends.filter(|(_, how)| how != "exit status: 0")
            .map(|(number, how)| format!("worker-{number} ended after SIGTERM: {how}"))
            .collect()
    }

    /// Starts all workers again.
    pub(crate) fn start_workers(&self) {
        self.of(Kind::Worker).iter().for_each(Part::start);
    }

    /// Puts the servers' logs beside ours, before their folder goes.
    pub(crate) fn keep_logs(&self) {
        keep_logs(self.servers.path(), &self.folder);
    }

    /// The servers' folder.
    pub(crate) fn servers(&self) -> &Path {
        self.servers.path()
    }

    fn of(&self, kind: Kind) -> &[Part] {
        self.parts.iter().find(|(other, _)| *other == kind).map_or(&[], |(_, parts)| parts)
    }
}

/// Copies the logs of servers.
pub(crate) fn keep_logs(servers: &Path, folder: &Path) {
    for name in ["rabbitmq.log", "mariadb.log"] {
        // What cannot be copied is missed beside the others, and that says enough.
        let _ = std::fs::copy(servers.join(name), folder.join(name));
    }
}

fn supervise(kind: Kind, engines: Vec<Engine>, tell: &Sender<News>) -> Vec<Part> {
    let name = |number: usize| match kind {
        Kind::Broker | Kind::Database => kind.name().to_owned(),
        _ => format!("{}-{}", kind.name(), number + 1),
    };
    let numbered = engines.into_iter().enumerate();
    numbered.map(|(number, engine)| Part::supervise(name(number), engine, tell.clone())).collect()
}

fn configuration(md5_key: &str, public: &Path) -> String {
    format!(
        r#"# DATABASE_URL, AMQP_URL and where an ingress listens come from the environment.
[events]
enabled = true

[merchants.shop]            # legacy gateway, MD5
protocol = "mapi"
seller_id = "{SELLER_ID}"
sign_types = ["MD5"]
md5_key = "{md5_key}"

[merchants.app]             # Open Platform, RSA2
protocol = "openapi"
app_id = "{APP_ID}"
seller_id = "{SELLER_ID}"
sign_types = ["RSA2"]
alipay_public_keys_file = "{}"
"#,
        public.display()
    )
}

fn free_port() -> anyhow::Result<u16> {
    let mut rng = rand::rng();
    (0..200)
        .map(|_| rng.random_range(PORTS))
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .context("no free port on 127.0.0.1")
}
