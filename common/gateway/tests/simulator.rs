//! The client against the stand-in for Alipay, as a program: what one signs, the other verifies.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::time::Duration;

use alipay::{
    AnswerError, CloseAnswer, Fen, NotifyVerifyAnswer, QueryAnswer, TradeRef, TradeRefund,
    TradeStatus,
};
use config::Config;
use config::Merchant;
use gateway::{Gateway, GatewayError, RefundOutcome};
use testkit::{Program, run_program};

const WAIT_LIMIT: Duration = Duration::from_secs(60);
const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../alipay/tests/fixtures/keys");
const CERTIFICATES: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../alipay/tests/fixtures/certificates");

/// A running simulator with a merchant at each gateway, and its trades.
struct Alipay {
    folder: tempfile::TempDir,
    config: Config,
    _program: Program,
}

impl Alipay {
    fn start() -> Alipay {
        let folder = tempfile::tempdir().unwrap();
        configure(folder.path(), "http://127.0.0.1:1/gateway.do");
        let file = folder.path().join("alipay.toml");
        let file = file.to_str().unwrap();
        let key = format!("{KEYS}/rsa2048-pkcs8-private.pem");
        let arguments = ["--config", file, "serve", "--alipay-private-key", &key];
        let mut program = Program::start("simulator", &arguments, &[]);
        configure(folder.path(), program.wait_until_ready().value("gateway"));
        let config = Config::load_from(Some(Path::new(file)), []).unwrap();
        Alipay { folder, config, _program: program }
    }

    fn merchant(&self, name: &str) -> &Merchant {
        self.config.merchant(name).unwrap()
    }

    /// A payment of 10.00 whose notification is lost.
    fn pay(&self, merchant: &str, order: &str) {
        let file = self.folder.path().join("alipay.toml");
        let key = format!("{KEYS}/rsa2048-pkcs8-private.pem");
        let mut arguments = vec!["--config", file.to_str().unwrap(), "pay", "--drop"];
        arguments.extend(["--merchant", merchant, "--order", order, "--total", "10.00"]);
        arguments.extend(["--alipay-private-key", &key]);
        let output = run_program("simulator", &arguments, &[]);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}");
    }
}

fn configure(folder: &Path, gateway: &str) {
    let text = format!(
        "[merchants.old]\nprotocol = \"mapi\"\nseller_id = \"2088000000000001\"\n\
         sign_types = [\"MD5\"]\nmd5_key = \"10000000000000000000000000000000\"\n\
         gateway = \"{gateway}\"\n\
         [merchants.new]\nprotocol = \"openapi\"\napp_id = \"2021000000000001\"\n\
         sign_types = [\"RSA2\"]\nalipay_public_keys_file = \"{KEYS}/rsa2048-spki.pem\"\n\
         private_key_file = \"{KEYS}/app-private.pem\"\ngateway = \"{gateway}\"\n\
         [merchants.cert]\nprotocol = \"openapi\"\napp_id = \"2021000000000002\"\n\
         sign_types = [\"RSA2\"]\nalipay_public_keys_file = \"{CERTIFICATES}/alipay-renewed.pem\"\n\
         alipay_root_cert_file = \"{CERTIFICATES}/roots.pem\"\n\
         app_cert_file = \"{CERTIFICATES}/app.pem\"\n\
         private_key_file = \"{KEYS}/app-private.pem\"\ngateway = \"{gateway}\"\n"
    );
    std::fs::write(folder.join("alipay.toml"), text).unwrap();
}

#[tokio::test]
async fn a_payment_is_refunded_in_two_parts() {
    let alipay = Alipay::start();
    alipay.pay("new", "A-1");
    let (gateway, merchant) = (Gateway::new(WAIT_LIMIT), alipay.merchant("new"));
    let which = TradeRef::OutTradeNo("A-1");
    let refund = |amount, out_request_no| TradeRefund {
        which,
        amount: Fen::new(amount),
        out_request_no,
        reason: "太大了 & too large",
    };
    let first = gateway.refund(merchant, &refund(400, "R-1")).await.unwrap().answer;
    assert!(first.moved && first.refunded == Some(Fen::new(400)), "{first:?}");
    let again = gateway.refund(merchant, &refund(400, "R-1")).await.unwrap().answer;
    assert!(!again.moved && again.refunded == Some(Fen::new(400)), "{again:?}");
    let asked = gateway.refund_query(merchant, which, "R-1").await.unwrap().answer;
    assert!(asked.succeeded("R-1", Fen::new(400)), "{asked:?}");
    let unknown = gateway.refund_query(merchant, which, "R-9").await;
    assert!(!unknown.is_ok_and(|asked| asked.answer.succeeded("R-9", Fen::new(600))));

    let too_much = gateway.refund(merchant, &refund(601, "R-2")).await.unwrap_err();
    assert!(matches!(too_much, GatewayError::Answer(AnswerError::Refused { .. })), "{too_much:?}");
    // Alipay wants three seconds between two refunds of one trade, and so may the simulator.
    let rest = refund(600, "R-3");
    let deadline = tokio::time::Instant::now() + WAIT_LIMIT;
    let all = loop {
        match gateway.refund(merchant, &rest).await {
            Ok(answered) => break answered.answer,
            Err(error) => assert!(tokio::time::Instant::now() < deadline, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert_eq!(all.refunded, Some(Fen::new(1000)));
    let answered = gateway.query(merchant, which).await.unwrap();
    let QueryAnswer::Trade(trade) = answered.answer else { panic!("{answered:?}") };
    assert_eq!(trade.trade_status, TradeStatus::TradeClosed);
}

#[tokio::test]
async fn what_becomes_of_a_refund() {
    let alipay = Alipay::start();
    alipay.pay("new", "A-1");
    let (gateway, merchant) = (Gateway::new(WAIT_LIMIT), alipay.merchant("new"));
    let of = |amount, out_request_no| TradeRefund {
        which: TradeRef::OutTradeNo("A-1"),
        amount: Fen::new(amount),
        out_request_no,
        reason: "",
    };
    let once = of(400, "R-1");
    let made = gateway.carry_out_refund(merchant, &once, false).await;
    let RefundOutcome::Made(proof) = made else { panic!("{made:?}") };
    assert!(proof.refund.is_some() && proof.refund_query.is_none(), "the answer says it");
    assert_eq!(proof.refunded, Some(Fen::new(400)));
    // Made before: the repeat moves nothing, and the answer to the query is the proof.
    for repeated in [false, true] {
        let made = gateway.carry_out_refund(merchant, &once, repeated).await;
        let RefundOutcome::Made(proof) = made else { panic!("{made:?}") };
        assert!(proof.refund.is_some() && proof.refund_query.is_some());
        assert_eq!(proof.refunded, Some(Fen::new(400)));
        assert!(!format!("{proof:?}").contains("sign"), "{proof:?}");
    }
    for repeated in [false, true] {
        let refused = gateway.carry_out_refund(merchant, &of(601, "R-2"), repeated).await;
        let RefundOutcome::Refused { reason } = refused else { panic!("{refused:?}") };
        assert!(reason.starts_with("refused: "), "{reason}");
    }
    let nothing = gateway.carry_out_refund(merchant, &of(0, "R-3"), false).await;
    assert!(matches!(nothing, RefundOutcome::Unsent { .. }), "{nothing:?}");
    let nothing = gateway.carry_out_refund(merchant, &of(0, "R-3"), true).await;
    assert!(matches!(nothing, RefundOutcome::Unknown { .. }), "{nothing:?}");
    let mut away = merchant.clone();
    away.gateway = "http://127.0.0.1:1/gateway.do".to_owned();
    let nobody = gateway.carry_out_refund(&away, &of(100, "R-4"), false).await;
    let RefundOutcome::Unknown { reason } = nobody else { panic!("{nobody:?}") };
    assert!(reason.starts_with("no_connection: "), "{reason}");
}

#[tokio::test]
async fn what_was_paid_cannot_be_closed() {
    let alipay = Alipay::start();
    let gateway = Gateway::new(WAIT_LIMIT);
    for name in ["old", "new"] {
        let merchant = alipay.merchant(name);
        let which = TradeRef::OutTradeNo("B-1");
        let closed = gateway.close(merchant, which).await;
        assert_eq!(closed, Ok(CloseAnswer::NotExist), "{name}");
        alipay.pay(name, "B-1");
        let error = gateway.close(merchant, which).await.unwrap_err();
        assert!(matches!(error, GatewayError::Answer(AnswerError::Refused { .. })), "{error:?}");
    }
}

#[tokio::test]
async fn the_unsigned_questions() {
    let alipay = Alipay::start();
    let (gateway, merchant) = (Gateway::new(WAIT_LIMIT), alipay.merchant("old"));
    let first = gateway.query_timestamp(merchant).await.unwrap();
    let second = gateway.query_timestamp(merchant).await.unwrap();
    assert!(!first.encrypt_key.is_empty() && first != second);
    let answer = gateway.notify_verify(merchant, b"never sent").await;
    assert_eq!(answer, Ok(NotifyVerifyAnswer::NotGenuine));
    let mut stranger = merchant.clone();
    stranger.partner = Some("2088999999999999".to_owned());
    let answer = gateway.notify_verify(&stranger, b"never sent").await;
    assert_eq!(answer, Ok(NotifyVerifyAnswer::WrongQuestion));
}

#[tokio::test]
async fn certificate_mode() {
    let alipay = Alipay::start();
    alipay.pay("cert", "C-1");
    let (gateway, merchant) = (Gateway::new(WAIT_LIMIT), alipay.merchant("cert"));
    let which = TradeRef::OutTradeNo("C-1");
    let answered = gateway.query(merchant, which).await.unwrap();
    let QueryAnswer::Trade(trade) = answered.answer else { panic!("{answered:?}") };
    assert_eq!(trade.trade_status, TradeStatus::TradeSuccess);
    let refund = TradeRefund { which, amount: Fen::new(400), out_request_no: "R-1", reason: "" };
    let refunded = gateway.refund(merchant, &refund).await.unwrap().answer;
    assert_eq!(refunded.refunded, Some(Fen::new(400)));
    let unknown = TradeRef::OutTradeNo("C-9");
    assert_eq!(gateway.close(merchant, unknown).await, Ok(CloseAnswer::NotExist));
    let refusal = async |merchant: &Merchant| match gateway.query(merchant, which).await {
        Err(GatewayError::Answer(AnswerError::Refused { code, .. })) => code,
        other => panic!("{other:?}"),
    };
    // Without the numbers, and with those of other roots.
    let mut other = merchant.clone();
    other.alipay_root_cert = None;
    assert_eq!(refusal(&other).await, "isv.missing-app-cert-sn");
    let roots = std::fs::read_to_string(format!("{CERTIFICATES}/other-root-of-the-same-name.pem"));
    other.alipay_root_cert = Some(alipay::RootCertificates::read(&roots.unwrap()).unwrap());
    assert_eq!(refusal(&other).await, "isv.invalid-alipay-root-cert-sn");
    // Alipay's certificate is none of those that it knows.
    let old = std::fs::read_to_string(format!("{CERTIFICATES}/alipay.pem")).unwrap();
    let key = alipay::PublicKey::read(&old).unwrap();
    let (protocol, types) = (merchant.protocol, merchant.sign_types.clone());
    other = merchant.clone();
    other.verifier = alipay::Verifier::new(protocol, types, vec![], vec![key]).unwrap();
    let error = gateway.query(&other, which).await.unwrap_err();
    assert_eq!(error.reason_code(), "unknown_certificate");
}
