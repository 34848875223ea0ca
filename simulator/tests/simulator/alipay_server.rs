//! The server with four merchants, and a plain HTTP client.

use std::fmt::Write;
use std::sync::OnceLock;

use alipay::{Charset, Fen, Form, Payment, PrivateKey, Protocol, Signer};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use config::Config;
use config::Merchant;
use http_body_util::{BodyExt, Full};
use hyper::header::{CONTENT_TYPE, LOCATION};
use hyper::{Method, Request, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use simulator::{
    Account, AlipayTrade, Demands, KeptTrade, KeyPair, ServeSettings, SimulatorServer, TradeStore,
};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// The server, its trades, and the merchants' configuration; stops when dropped.
pub(crate) struct AlipayServer {
    pub(crate) url: String,
    pub(crate) trade_store: TradeStore,
    config: Config,
    _stop: DropGuard,
}

/// An HTTP answer.
pub(crate) struct Read {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// Alipay's keys, and the applications' own.
struct Keys {
    alipay: KeyPair,
    application: KeyPair,
}

fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    let pair = || KeyPair::generate().unwrap();
    KEYS.get_or_init(|| Keys { alipay: pair(), application: pair() })
}

/// `shop` and `gbk` are of the legacy gateway with MD5, `rsa` with RSA; `app` is of the Open
/// Platform. `keyless` is an application that has told Alipay no key.
fn config() -> Config {
    let keys = keys();
    let (alipay, own) = (&keys.alipay.public_pem, &keys.application.private_pem);
    let mut text = String::new();
    for (name, seller, charset) in [("shop", 1, "utf-8"), ("gbk", 2, "gbk")] {
        writeln!(
            text,
            "[merchants.{name}]\nprotocol = \"mapi\"\nseller_id = \"208800000000000{seller}\"\n\
             sign_types = [\"MD5\"]\nmd5_key = \"key-of-{name}\"\ncharset = \"{charset}\""
        )
        .unwrap();
    }
    write!(
        text,
        "[merchants.rsa]\nprotocol = \"mapi\"\nseller_id = \"2088000000000003\"\n\
         sign_types = [\"RSA\"]\nalipay_public_keys = [\"\"\"{alipay}\"\"\"]\n\
         private_key = \"\"\"{own}\"\"\"\n\
         [merchants.app]\nprotocol = \"openapi\"\napp_id = \"2021000000000001\"\n\
         seller_id = \"2088000000000004\"\nsign_types = [\"RSA2\"]\n\
         alipay_public_keys = [\"\"\"{alipay}\"\"\"]\nprivate_key = \"\"\"{own}\"\"\"\n\
         [merchants.keyless]\nprotocol = \"openapi\"\napp_id = \"2021000000000002\"\n\
         sign_types = [\"RSA2\"]\nalipay_public_keys = [\"\"\"{alipay}\"\"\"]\n"
    )
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alipay.toml");
    std::fs::write(&file, text).unwrap();
    Config::load_from(Some(&file), []).unwrap()
}

impl AlipayServer {
    pub(crate) async fn start() -> AlipayServer {
        AlipayServer::with(ServeSettings::default()).await
    }

    pub(crate) async fn with(settings: ServeSettings) -> AlipayServer {
        AlipayServer::serving(settings, TradeStore::in_memory()).await
    }

    pub(crate) async fn serving(settings: ServeSettings, trade_store: TradeStore) -> AlipayServer {
        AlipayServer::of(settings, trade_store, Demands::default()).await
    }

    /// All accounts have requirements.
    pub(crate) async fn demanding(settings: ServeSettings, demands: Demands) -> AlipayServer {
        AlipayServer::of(settings, TradeStore::in_memory(), demands).await
    }

    async fn of(
        settings: ServeSettings,
        trade_store: TradeStore,
        demands: Demands,
    ) -> AlipayServer {
        let config = config();
        let key = PrivateKey::read(&keys().alipay.private_pem).unwrap();
        let account =
            |merchant| Account::new(merchant, Some(&key), None).unwrap().demanding(demands);
        let accounts = config.merchants.values().map(account).collect();
        AlipayServer::for_accounts(config, accounts, settings, trade_store).await
    }

    pub(crate) async fn for_accounts(
        config: Config,
        accounts: Vec<Account>,
        settings: ServeSettings,
        trade_store: TradeStore,
    ) -> AlipayServer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let (server, stopped) =
            (SimulatorServer::new(accounts, trade_store.clone(), settings), stop.clone());
        tokio::spawn(async move { server.run(listener, stopped).await });
        AlipayServer { url, trade_store, config, _stop: stop.drop_guard() }
    }

    pub(crate) fn merchant(&self, name: &str) -> &Merchant {
        self.config.merchant(name).unwrap()
    }

    /// A pay link's form, signed by the merchant.
    pub(crate) fn pay_form(&self, name: &str, payment: &Payment<'_>, charset: Charset) -> Form {
        let (merchant, signer) = (self.merchant(name), self.signer(name));
        let form = match merchant.protocol {
            Protocol::Mapi => {
                let partner = merchant.partner.as_deref().unwrap();
                payment.mapi(partner, merchant.seller_id.as_deref().unwrap(), charset, &signer)
            }
            Protocol::Openapi => {
                payment.openapi(merchant.app_id.as_deref().unwrap(), charset, now(), &signer)
            }
        };
        form.unwrap()
    }

    /// The same for 10.00 yuan in UTF-8, with more parameters.
    pub(crate) fn pay_form_with(&self, name: &str, order: &str, more: &[(&str, &str)]) -> Form {
        let payment = Payment {
            out_trade_no: order,
            subject: "点卡",
            total: Fen::new(10_00),
            notify_url: None,
            return_url: None,
            more,
            nested: &[],
        };
        self.pay_form(name, &payment, Charset::Utf8)
    }

    /// What the merchant signs requests with.
    pub(crate) fn signer(&self, name: &str) -> Signer {
        let merchant = self.merchant(name);
        match (&merchant.md5_key, &merchant.private_key, name) {
            (Some(key), _, _) => Signer::Md5(key.clone()),
            (None, Some(key), "rsa") => Signer::Rsa(key.clone()),
            (None, Some(key), _) => Signer::Rsa2(key.clone()),
            (None, None, _) => {
                Signer::Rsa2(PrivateKey::read(&keys().application.private_pem).unwrap())
            }
        }
    }

    /// Creates a trade over 10.00 for an order and changes it, without notifications.
    pub(crate) fn trade(
        &self,
        name: &str,
        order: &str,
        happens: impl FnOnce(&mut AlipayTrade),
    ) -> AlipayTrade {
        let merchant = self.merchant(name);
        let key = PrivateKey::read(&keys().alipay.private_pem).unwrap();
        let account = Account::new(merchant, Some(&key), None).unwrap();
        let mut trade = AlipayTrade::open(&account.merchant, order, alipay::Fen::new(10_00), now());
        happens(&mut trade);
        let kept = KeptTrade::new(trade.clone());
        self.trade_store
            .update::<_, simulator::TradeFileError>(|trades| {
                trades.of(name, order).push(kept);
                Ok(())
            })
            .unwrap();
        trade
    }

    /// The one trade of an order, as it is now.
    pub(crate) fn kept(&self, name: &str, order: &str) -> Option<KeptTrade> {
        self.trade_store
            .read(|trades| trades.merchants.get(name)?.get(order)?.last().cloned())
            .unwrap()
    }

    /// Asks the gateway with a signed form, as merchants do.
    pub(crate) async fn ask(&self, form: &Form, charset: Charset) -> Read {
        let name = if form.get("service").is_some() { "_input_charset" } else { "charset" };
        let path = format!("/gateway.do?{name}={}", charset.name());
        self.post(&path, form.encode()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Read {
        self.send(Method::GET, path, Bytes::new()).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<Bytes>) -> Read {
        self.send(Method::POST, path, body.into()).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Bytes) -> Read {
        let url: Uri = format!("{}{path}", self.url).parse().unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let request = Request::builder()
            .method(method)
            .uri(url)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(body))
            .unwrap();
        let response = client.request(request).await.unwrap();
        let status = response.status().as_u16();
        let location = response.headers().get(LOCATION);
        let location = location.map(|value| value.to_str().unwrap().to_owned());
        let body = response.into_body().collect().await.unwrap().to_bytes().to_vec();
        Read { status, location, body }
    }
}

impl Read {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

/// When its trades happen, in whole seconds, as on the wire.
pub(crate) fn now() -> DateTime<Utc> {
    testkit::clock::minutes_ago(1)
}
