//! Alipay's gateway, for the pipeline's queries about orders without notifications.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use alipay::PrivateKey;
use anyhow::Context;
use config::Config;
use simulator::{
    Account, AlipayTrade, GatewayFaults, KeptTrade, ServeSettings, SimulatorServer, TradeFileError,
    TradeStore,
};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::database::CheckDatabase;
use crate::ledger::Ledger;
use crate::say;
use crate::story::Story;
use crate::system::ChaosSystem;
use crate::verdict::ChaosVerdict;

/// Of a hundred queries so many are answered 503.
const FAILS: u8 = 10;
/// How long lost notifications may take to heal once the load is over, or as long as the load:
/// thousands of orders that nobody pays are asked about as well.
const HEAL_LIMIT: Duration = Duration::from_secs(240);
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// Where the gateway will answer; bound before there is a configuration.
pub(crate) struct GatewayAddress(TcpListener, SocketAddr);

impl GatewayAddress {
    pub(crate) fn bind() -> anyhow::Result<GatewayAddress> {
        let listener = TcpListener::bind("127.0.0.1:0").context("the gateway's port")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok(GatewayAddress(listener, address))
    }

    /// For `gateway` in the configuration.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/gateway.do", self.1)
    }
}

/// A gateway that knows the trades whose notifications were lost and those of orders whose time ends,
/// and no others.
pub(crate) struct AlipayGateway {
    trade_store: TradeStore,
    stop: CancellationToken,
    // Ends with the value.
    _runtime: Runtime,
}

impl AlipayGateway {
    /// Starts it for the merchants of a configuration; `key` is Alipay's.
    pub(crate) fn start(
        address: GatewayAddress,
        config: &Path,
        key: &PrivateKey,
    ) -> anyhow::Result<Self> {
        let config = Config::load_from(Some(config), [])?;
        let accounts = config.merchants.values().map(|merchant| {
            Account::new(merchant, Some(key), None).with_context(|| merchant.name.clone())
        });
        let accounts = accounts.collect::<anyhow::Result<Vec<Account>>>()?;
        let faults = GatewayFaults { fail_percent: FAILS, ..GatewayFaults::default() };
        let settings = ServeSettings { gateway: faults, ..ServeSettings::default() };
        let (trade_store, stop) = (TradeStore::in_memory(), CancellationToken::new());
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(address.0)?
        };
        let (server, stopped) =
            (SimulatorServer::new(accounts, trade_store.clone(), settings), stop.clone());
        runtime.spawn(async move { server.run(listener, stopped).await });
        Ok(AlipayGateway { trade_store, stop, _runtime: runtime })
    }

    /// The trades of Alipay's that can be asked about.
    pub(crate) fn trade_store(&self) -> TradeStore {
        self.trade_store.clone()
    }

    /// It answers no more queries: the pipeline can come to rest.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }
}

/// Alipay knows of the trade.
pub(crate) fn tell(
    trade_store: &TradeStore,
    merchant: &str,
    order: &str,
    trade: AlipayTrade,
) -> anyhow::Result<()> {
    trade_store
        .update(|trades| {
            trades.of(merchant, order).push(KeptTrade::new(trade));
            Ok::<(), TradeFileError>(())
        })
        .context("the gateway's trades")
}

/// Waits until the orders whose notifications were lost, or whose time is over, are as Alipay knows
/// them, and ends the queries.
pub(crate) fn heal(
    system: &ChaosSystem,
    stories: &[Story],
    load: Duration,
    verdict: &mut ChaosVerdict,
) -> anyhow::Result<()> {
    let asked: Vec<&Story> = stories.iter().filter(|story| story.needs_gateway()).collect();
    let began = Instant::now();
    let mut database = CheckDatabase::open(&system.database_url)?;
    let mut last: Option<&Story> = None;
    let ill = loop {
        let (standings, ledger) =
            (database.standings()?, Ledger::read(&system.gateway.trade_store())?);
        let is_ill = |story: &&&Story| !ledger.differences(story, &standings).is_empty();
        let ill: Vec<&Story> = asked.iter().filter(is_ill).copied().collect();
        last = ill.last().copied().or(last);
        if ill.is_empty() || began.elapsed() > HEAL_LIMIT.max(load) {
            break ill;
        }
        sleep(POLL_INTERVAL);
    };
    for story in &ill {
        let asked = database.question(&story.id)?;
        verdict.add("queries", format!("{} ({:?}): {asked}", story.id, story.kind));
    }
    if let Some(story) = last {
        say(&format!("· {} ({:?}) was the last that the gateway told of", story.id, story.kind));
    }
    let lost = |of: &[&Story]| of.iter().filter(|story| story.lost).count();
    say(&format!(
        "· {} orders lost every notification, {} healed; {:.1} s after the load",
        lost(&asked),
        lost(&asked) - lost(&ill),
        began.elapsed().as_secs_f64()
    ));
    system.gateway.stop();
    Ok(())
}
