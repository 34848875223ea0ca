//! What is measured on: a schema and a vhost of the run's own, the configuration, and the orders.

use std::fs;

use alipay::{Md5Key, PrivateKey, Protocol, Signer};
use anyhow::Context;
use diesel::deserialize::QueryableByName;
use diesel::{RunQueryDsl, sql_query, sql_types};
use simulator::{KeyPair, MerchantIdentity};
use store::{Connection, MysqlConnection, Pool};
use testkit::{Pipeline, Sandbox};

use crate::bodies::SigningMerchant;

const MD5_KEY: &str = "only0for0the0bench0000000000000";
const SELLER: &str = "2088000000000001";
const APP: &str = "2021000000000001";
/// So many rows are inserted by one statement.
const ROWS: usize = 1000;

/// Servers, configuration and merchants of one run.
pub(crate) struct BenchSystem {
    pub(crate) sandbox: Sandbox,
    pub(crate) pipeline: Pipeline,
    pub(crate) md5: SigningMerchant,
    pub(crate) rsa2: SigningMerchant,
    /// The key with which handlers verify RSA2, as PEM.
    pub(crate) public_key: String,
    /// Of the MD5 merchant.
    pub(crate) md5_key: &'static str,
    pub(crate) folder: tempfile::TempDir,
    pool: Pool,
}

impl BenchSystem {
    /// Makes schema, so many work queues and a product, and writes the configuration.
    pub(crate) fn new(shards: u64) -> anyhow::Result<BenchSystem> {
        let folder = tempfile::tempdir()?;
        let keys = KeyPair::generate()?;
        let signer = PrivateKey::read(&keys.private_pem)?;
        fs::write(folder.path().join("alipay_public.pem"), &keys.public_pem)?;
        let sandbox = Sandbox::new();
        let config = config(shards);
        let pipeline = Pipeline::new(folder.path(), &config, &sandbox.environment())?;
        pipeline.prepare(&["FIRST".to_owned()])?;
        let pool = Pool::new(&sandbox.database_url, 2);
        Ok(BenchSystem {
            md5: SigningMerchant {
                name: "md5",
                merchant: MerchantIdentity::mapi(SELLER),
                signer: Signer::Md5(Md5Key::new(MD5_KEY)),
            },
            rsa2: SigningMerchant {
                name: "rsa2",
                merchant: MerchantIdentity::openapi(APP, SELLER),
                signer: Signer::Rsa2(signer),
            },
            public_key: keys.public_pem,
            md5_key: MD5_KEY,
            sandbox,
            pipeline,
            folder,
            pool,
        })
    }

    /// A connection; two are there.
    pub(crate) fn database(&self) -> anyhow::Result<Connection> {
        self.pool.get().context("the database")
    }

    /// Places so many orders of a merchant, with a code each in stock. Returns their numbers.
    pub(crate) fn orders(
        &self,
        merchant: &str,
        prefix: &str,
        count: usize,
    ) -> anyhow::Result<Vec<String>> {
        let database = &mut self.database()?;
        let ids: Vec<String> = (0..count).map(|number| format!("{prefix}{number:07}")).collect();
        for ids in ids.chunks(ROWS) {
            let orders =
                ids.iter().map(|id| format!("('{id}','{merchant}','CODE',1,'bench',1000)"));
            let orders = orders.collect::<Vec<_>>().join(",");
            execute(
                database,
                &format!(
                    "INSERT INTO user_order (id, merchant, product_id, quantity, subject, total_fee) \
                     VALUES {orders}"
                ),
            )?;
            let codes = ids.iter().map(|id| format!("('CODE','C{id}')"));
            let codes = codes.collect::<Vec<_>>().join(",");
            execute(
                database,
                &format!("INSERT INTO stock_item (product_id, code) VALUES {codes}"),
            )?;
        }
        Ok(ids)
    }

    /// What the database says that it is.
    pub(crate) fn database_version(&self) -> anyhow::Result<String> {
        #[derive(QueryableByName)]
        struct Version {
            #[diesel(sql_type = sql_types::Text)]
            version: String,
        }
        let row: Version =
            sql_query("SELECT VERSION() AS version").get_result(&mut *self.database()?)?;
        Ok(row.version)
    }

    /// How many of the orders with a prefix have their goods.
    pub(crate) fn delivered(&self, prefix: &str) -> anyhow::Result<usize> {
        let sql = format!(
            "SELECT COUNT(*) AS number FROM user_order WHERE id LIKE '{prefix}%' AND is_send_goods"
        );
        let count = number(&mut *self.database()?, &sql)?;
        Ok(usize::try_from(count)?)
    }
}

/// Runs a statement without result.
pub(crate) fn execute(database: &mut MysqlConnection, sql: &str) -> anyhow::Result<()> {
    sql_query(sql).execute(database).map(drop).with_context(|| shortened(sql))
}

/// Runs a statement with one number, called `number`.
pub(crate) fn number(database: &mut MysqlConnection, sql: &str) -> anyhow::Result<i64> {
    #[derive(QueryableByName)]
    struct Number {
        #[diesel(sql_type = sql_types::BigInt)]
        number: i64,
    }
    let row: Number = sql_query(sql).get_result(database).with_context(|| shortened(sql))?;
    Ok(row.number)
}

fn shortened(sql: &str) -> String {
    sql.chars().take(80).collect()
}

/// Two merchants, one a sign type. Nobody asks Alipay about orders of a bench.
fn config(shards: u64) -> String {
    format!(
        "[ingress]\nlisten = \"127.0.0.1:0\"\n\
         [worker]\nqueries = false\n\
         [queue]\nshards = {shards}\n\
         [merchants.md5]\nprotocol = \"{}\"\nseller_id = \"{SELLER}\"\nsign_types = [\"MD5\"]\nmd5_key = \"{MD5_KEY}\"\n\
         [merchants.rsa2]\nprotocol = \"{}\"\napp_id = \"{APP}\"\nseller_id = \"{SELLER}\"\nsign_types = [\"RSA2\"]\n\
         alipay_public_keys_file = \"alipay_public.pem\"\n",
        Protocol::Mapi,
        Protocol::Openapi,
    )
}
