//! The pipeline, the simulator as Alipay, and the database account of the shop.

use diesel::sql_types::{BigInt, Bool, SmallInt, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use testkit::http::{self, Response};
use testkit::{TestApp, until_ok};

use crate::account::Account;

pub(crate) struct Street {
    account: Account,
    /// Host, port and schema of the database.
    place: [String; 3],
    pub(crate) notify_url: String,
    gateway: String,
    /// The application's private key.
    key_file: String,
    // Last: what uses it goes first.
    app: TestApp,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

const CONFIG: &str = r#"
[events]
enabled = true
[merchants.app]
protocol = "openapi"
app_id = "2021000000000001"
seller_id = "2088000000000001"
sign_types = ["RSA2"]
alipay_public_keys_file = "alipay/alipay_public.pem"
private_key_file = "app/alipay_private.pem"
"#;

impl Street {
    pub(crate) fn open() -> Street {
        let mut app = TestApp::builder(CONFIG).with_codes(0).with_ingress(&[]).with_gateway();
        let name = "游戏点卡 <1> \"one\"";
        let product = ["product", "add", "CARD", "--name", name, "--price", "0.07"];
        let kind = ["--kind", "stock", "--low-stock", "100"];
        app.pipeline.ops(&[&product[..], &kind].concat()).unwrap();
        app.pipeline.import("CARD", &[1, 2, 3].map(|number| format!("卡-{number:04}"))).unwrap();
        app.pipeline.add_product("RARE", "RARE", &["--kind", "stock"]).unwrap();
        app.pipeline.ops(&["product", "set", "RARE", "--on-sale", "no"]).unwrap();
        let account = Account::make(&app.sandbox);
        app.workers.push(app.start_worker());

        let server = app.sandbox.database_url.rsplit_once('@').unwrap().1;
        let (server, schema) = server.split_once('/').unwrap();
        let (host, port) = server.rsplit_once(':').unwrap();
        let place = [host, port, schema.split('?').next().unwrap()].map(str::to_owned);
        let (notify_url, gateway) = (app.notify_url("app"), app.gateway());
        let key_file = app.pipeline.file("app/alipay_private.pem").display().to_string();
        Street { account, place, notify_url, gateway, key_file, app }
    }

    /// The broker.
    pub(crate) fn amqp_url(&self) -> &str {
        &self.app.sandbox.amqp_url
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
            ("AMQP_URL", self.amqp_url()),
            ("MERCHANT", "app"),
            ("ALIPAY_GATEWAY", &self.gateway),
            ("ALIPAY_APP_ID", "2021000000000001"),
            ("ALIPAY_APP_KEY_FILE", &self.key_file),
            ("NOTIFY_URL", &self.notify_url),
            ("RETURN_URL", "http://127.0.0.1:9/thanks"),
        ]
    }

    /// Opens a pay link, as the browser does; returns the cashier's address.
    pub(crate) fn cashier(&self, link: &str) -> String {
        format!("{}{}", self.app.alipay_url(), location(&http::get(link).unwrap()))
    }

    /// A verb of `ops`.
    pub(crate) fn ops(&self, arguments: &[&str]) -> String {
        self.app.pipeline.ops(arguments).unwrap()
    }

    /// Something happens at Alipay to an order: a verb of the simulator, and its own arguments.
    pub(crate) fn at_alipay(&self, verb: &str, order: &str, more: &[&str]) {
        self.app.at_alipay(verb, "app", order, more);
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
        until_ok(&format!("{query} of {of}"), || {
            let found: Count = sql_query(query).bind::<Text, _>(of).get_result(database).unwrap();
            if found.count == wanted { Ok(()) } else { Err(format!("it is {}", found.count)) }
        });
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
    let answer = http::get(url).unwrap();
    assert_eq!(answer.status, 200, "{url}: {answer:?}");
    answer.body
}

/// Where a POST leads to.
pub(crate) fn post(url: &str) -> String {
    location(&http::post_form(url, "").unwrap())
}

fn location(answer: &Response) -> String {
    assert_eq!(answer.status / 10, 30, "{answer:?}");
    answer.header("location").expect("a location").to_owned()
}
