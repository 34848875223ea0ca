//! The pipeline, the simulator as Alipay, and the database account of the shop.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use diesel::sql_types::{BigInt, Bool, SmallInt, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use testkit::{Pipeline, Program, Sandbox, run_program};

use crate::LONG;
use crate::account::Account;

pub(crate) struct Street<'a> {
    sandbox: &'a Sandbox,
    pipeline: Pipeline,
    account: Account,
    /// The notify URL.
    pub(crate) notify: String,
    gateway: String,
    /// The application's private key.
    key_file: String,
    /// Host, port and schema of the database.
    place: [String; 3],
    // Stopped in this order; then the files go.
    _programs: Vec<Program>,
    folder: tempfile::TempDir,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn config(gateway: &str) -> String {
    format!(
        "[ingress]\nlisten = \"127.0.0.1:0\"\n[events]\nenabled = true\n[merchants.app]\nprotocol = \"openapi\"\n\
         app_id = \"2021000000000001\"\nseller_id = \"2088000000000001\"\nsign_types = [\"RSA2\"]\n\
         alipay_public_keys_file = \"alipay/alipay_public.pem\"\nprivate_key_file = \"app/alipay_private.pem\"\n{gateway}"
    )
}

impl<'a> Street<'a> {
    pub(crate) fn open(sandbox: &'a Sandbox) -> Street<'a> {
        let environment = sandbox.environment();
        let folder = tempfile::tempdir().unwrap();
        for pair in ["alipay", "app"] {
            let to = folder.path().join(pair).display().to_string();
            let made = run_program("simulator", &["keygen", "--dir", &to], &environment);
            assert!(made.status.success(), "{made:?}");
        }
        let pipeline = Pipeline::new(folder.path(), &config(""), &environment).unwrap();
        pipeline.ops(&["migrate"]).unwrap();
        pipeline.ops(&["topology", "apply"]).unwrap();
        let product = [
            "product",
            "add",
            "CARD",
            "--name",
            "游戏点卡 <1> \"one\"",
            "--price",
            "0.07",
            "--kind",
            "stock",
        ];
        pipeline.ops(&[&product[..], &["--low-stock", "100"]].concat()).unwrap();
        pipeline.import("CARD", &[1, 2, 3].map(|number| format!("卡-{number:04}"))).unwrap();
        pipeline.add_product("RARE", "RARE", &["--kind", "stock"]).unwrap();
        pipeline.ops(&["product", "set", "RARE", "--on-sale", "no"]).unwrap();
        let account = Account::make(sandbox);
        let (ingress, address) = pipeline.start_ingress().unwrap();

        let config_file = pipeline.config().display().to_string();
        let key = folder.path().join("alipay/alipay_private.pem").display().to_string();
        let to_ingress = format!("http://{address}");
        let serve = [
            "serve",
            "--config",
            &config_file,
            "--ingress",
            &to_ingress,
            "--alipay-private-key",
            &key,
        ];
        let mut simulator = Program::start("simulator", &serve, &environment);
        let line = simulator.wait_for_line("simulator ready", LONG);
        let gateway = line.split_once("gateway=").unwrap().1.to_owned();
        // Now that it listens: the worker finds it.
        std::fs::write(pipeline.config(), config(&format!("gateway = \"{gateway}\"\n"))).unwrap();
        let (worker, _) = pipeline.start("worker");

        let server = sandbox.database_url.rsplit_once('@').unwrap().1;
        let (server, schema) = server.split_once('/').unwrap();
        let (host, port) = server.rsplit_once(':').unwrap();
        let place = [host, port, schema.split('?').next().unwrap()].map(str::to_owned);
        let notify = format!("http://{address}/alipay/app/notify");
        let key_file = folder.path().join("app/alipay_private.pem").display().to_string();
        let programs = vec![worker, simulator, ingress];
        Street {
            sandbox,
            pipeline,
            account,
            notify,
            gateway,
            key_file,
            place,
            _programs: programs,
            folder,
        }
    }

    /// What the snippets read.
    pub(crate) fn environment(&self) -> Vec<(&str, &str)> {
        let [host, port, schema] = &self.place;
        vec![
            ("DB_HOST", host),
            ("DB_PORT", port),
            ("DB_NAME", schema),
            ("DB_USER", &self.account.name),
            ("DB_PASSWORD", &self.account.password),
            ("AMQP_URL", &self.sandbox.amqp_url),
            ("MERCHANT", "app"),
            ("ALIPAY_GATEWAY", &self.gateway),
            ("ALIPAY_APP_ID", "2021000000000001"),
            ("ALIPAY_APP_KEY_FILE", &self.key_file),
            ("NOTIFY_URL", &self.notify),
            ("RETURN_URL", "http://127.0.0.1:9/thanks"),
        ]
    }

    /// Opens a pay link, as the browser does; returns the cashier's address.
    pub(crate) fn cashier(&self, link: &str) -> String {
        let origin = self.gateway.strip_suffix("/gateway.do").unwrap();
        format!("{origin}{}", location(&send("GET", link)))
    }

    /// A verb of `ops`.
    pub(crate) fn ops(&self, arguments: &[&str]) -> String {
        self.pipeline.ops(arguments).unwrap()
    }

    /// Something happens at Alipay to an order: a verb of the simulator, and its own arguments.
    pub(crate) fn at_alipay(&self, verb: &str, order: &str, more: &[&str]) {
        let config = self.pipeline.config().display().to_string();
        let key = self.folder.path().join("alipay/alipay_private.pem").display().to_string();
        let step = [verb, "--config", &config, "--order", order, "--to", &self.notify];
        let step = [&step[..], &["--alipay-private-key", &key], more].concat();
        let step = run_program("simulator", &step, &self.sandbox.environment());
        assert!(step.status.success(), "{step:?}");
    }

    /// Has the events of an order published once more, as after a crash between confirm and commit.
    pub(crate) fn publish_again(&self, order: &str) {
        let database = &mut self.account.as_root();
        let again = "UPDATE outbox SET published_at = NULL WHERE order_id = ?";
        assert_eq!(sql_query(again).bind::<Text, _>(order).execute(database).unwrap(), 2);
        self.wait_for_count(
            "SELECT COUNT(*) AS count FROM outbox WHERE order_id = ? AND published_at IS NULL",
            order,
            0,
        );
    }

    /// Waits until an event whose id begins so is in the shop's table.
    pub(crate) fn wait_until_handled(&self, id: &str) {
        self.wait_for_count(
            "SELECT COUNT(*) AS count FROM shop_event WHERE id LIKE CONCAT(?, '%')",
            id,
            1,
        );
    }

    fn wait_for_count(&self, query: &str, of: &str, wanted: i64) {
        let database = &mut self.account.as_root();
        let since = Instant::now();
        loop {
            let found: Count = sql_query(query).bind::<Text, _>(of).get_result(database).unwrap();
            if found.count == wanted {
                return;
            }
            assert!(since.elapsed() < LONG, "{query} of {of} is {}", found.count);
            // Another program's progress can only be looked at.
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// Writes an order's state as a worker does.
    pub(crate) fn set_state(&self, order: &str, status: i16, was_paid: bool, goods: Option<&str>) {
        let database = &mut self.account.as_root();
        let state =
            "UPDATE user_order SET status = ?, paid_dtime = IF(?, created_at, NULL) WHERE id = ?";
        let state = sql_query(state)
            .bind::<SmallInt, _>(status)
            .bind::<Bool, _>(was_paid)
            .bind::<Text, _>(order);
        state.execute(database).unwrap();
        let without = "DELETE FROM fulfillment WHERE order_id = ?";
        sql_query(without).bind::<Text, _>(order).execute(database).unwrap();
        if let Some(goods) = goods {
            let with = "INSERT INTO fulfillment (order_id, product_id, state, units, given) VALUES (?, 'CARD', ?, 1, 0)";
            sql_query(with)
                .bind::<Text, _>(order)
                .bind::<Text, _>(goods)
                .execute(database)
                .unwrap();
        }
    }

    /// The order's time to be paid is over.
    pub(crate) fn let_time_pass(&self, order: &str) {
        let past = "UPDATE user_order SET expires_at = UTC_TIMESTAMP(6) - INTERVAL 1 MICROSECOND WHERE id = ?";
        let done =
            sql_query(past).bind::<Text, _>(order).execute(&mut self.account.as_root()).unwrap();
        assert_eq!(done, 1);
    }
}

/// The page behind an address.
pub(crate) fn get(url: &str) -> String {
    let answer = send("GET", url);
    assert!(answer.starts_with("HTTP/1.1 200"), "{url}: {answer}");
    answer
}

/// Where a POST leads to.
pub(crate) fn post(url: &str) -> String {
    location(&send("POST", url))
}

fn location(answer: &str) -> String {
    assert!(answer.starts_with("HTTP/1.1 30"), "{answer}");
    let line = answer.lines().find_map(|line| line.strip_prefix("location: "));
    line.expect("a location").to_owned()
}

/// One request, answered until the end of the connection.
fn send(method: &str, url: &str) -> String {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    write!(
        stream,
        "{method} /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: 0\r\n\
         content-type: application/x-www-form-urlencoded\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
