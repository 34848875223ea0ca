//! Alipay over HTTP: the gateway of both protocols, in front of a [`TradeStore`] of trades.
//!
//! A request comes from a merchant's program and is verified with the merchant's own keys; what is
//! answered is signed as Alipay signs it. Reading, deciding and signing are plain functions from a
//! request to an answer (`gateway`, `mapi`, `openapi`), run on a thread that may wait for the
//! store's file; only connections and time are asynchronous.

mod answer;
mod cashier;
mod gateway;
mod gateway_faults;
mod json;
mod mapi;
mod mapi_batch;
mod mapi_refund;
mod mapi_trade;
mod openapi;
mod openapi_trade;
mod outgoing;
mod page;
mod page_guard;
mod pay;
mod request;
mod route;
mod step;
mod tickets;
mod time_limits;
mod trade_pages;
mod trade_store;
mod xml;

use std::sync::Arc;
use std::time::Duration;

use service::http::{self, Limits};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use self::gateway_faults::GatewayFaults;
use self::outgoing::OutgoingNotifications;
pub use self::outgoing::SendSettings;
pub use self::page_guard::PageGuard;
use self::tickets::Tickets;
use self::time_limits::TimeLimits;
pub use self::trade_store::TradeStore;
use crate::{Account, Clock};

/// A pay link with a long subject has a few thousand bytes.
const LIMITS: Limits = Limits {
    connections: 512,
    head_bytes: 64 * 1024,
    head_time: Duration::from_secs(30),
    connection_age: Duration::MAX,
    stop_time: Duration::from_secs(2),
};

/// How often unpaid trades are checked for the end of their time. A request checks them first, so its answer is
/// true at its moment.
const PACE: Duration = Duration::from_millis(200);

/// How a [`SimulatorServer`] behaves.
#[derive(Debug, Clone, Default)]
pub struct ServeSettings {
    /// Faults of the gateway's answers.
    pub gateway: GatewayFaults,
    /// How notifications are sent.
    pub sending: SendSettings,
    /// Send a notification for every trade that nobody paid in time, also where Alipay's documents say that it
    /// sends none.
    pub tell_timeouts: bool,
    /// What time it is.
    pub clock: Clock,
    /// The host names of the pages, besides `localhost` and addresses.
    pub names: PageGuard,
}

/// A stand-in for Alipay that answers HTTP. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SimulatorServer(Arc<Alipay>);

/// What all requests share.
#[derive(Debug)]
struct Alipay {
    accounts: Vec<Account>,
    trade_store: TradeStore,
    settings: ServeSettings,
    outgoing: OutgoingNotifications,
    tickets: AllTickets,
    limits: TimeLimits,
}

/// What was given out and may be asked for again.
#[derive(Debug, Default)]
struct AllTickets {
    /// Batches of refunds that wait for a password.
    batches: Tickets<mapi_batch::Batch>,
    /// Ids of return pages.
    returns: Tickets<()>,
    /// Keys against phishing.
    keys: Tickets<()>,
}

impl SimulatorServer {
    /// A server for these merchants and their trades.
    pub fn new(
        accounts: Vec<Account>,
        trade_store: TradeStore,
        settings: ServeSettings,
    ) -> SimulatorServer {
        let outgoing = OutgoingNotifications::new(settings.sending.clone());
        let (tickets, limits) = (AllTickets::default(), TimeLimits::of(&trade_store));
        SimulatorServer(Arc::new(Alipay {
            accounts,
            trade_store,
            settings,
            outgoing,
            tickets,
            limits,
        }))
    }

    /// Serves until `shutdown` is cancelled; requests that are under way may end, repeats of
    /// notifications do not.
    pub async fn run(&self, listener: TcpListener, shutdown: CancellationToken) {
        let router = route::router(Arc::clone(&self.0));
        let stopped = async {
            shutdown.cancelled().await;
            self.0.outgoing.stop();
        };
        tokio::join!(
            http::serve(listener, shutdown.clone(), LIMITS, router),
            stopped,
            shutdown.run_until_cancelled(self.close_in_time()),
        );
    }

    /// Closes unpaid trades whose time is over, also when no request comes.
    async fn close_in_time(&self) {
        let mut pace = tokio::time::interval(PACE);
        loop {
            pace.tick().await;
            let alipay = Arc::clone(&self.0);
            // The panic hook reports a panic in there.
            let _ = tokio::task::spawn_blocking(move || alipay.close_in_time()).await;
        }
    }
}
