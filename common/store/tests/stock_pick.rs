//! Which codes a delivery gets: all that are available, oldest first, whatever this connection has passed before.

#![allow(clippy::expect_used, reason = "a test")]

use diesel::Connection as _;
use diesel::connection::SimpleConnection;
use diesel::result::Error::RollbackTransaction;
use store::stock::{GivenCode, give, pick};
use store::{Pool, StoreError, migrate};
use testkit::Sandbox;

/// A product `P` with the codes 1 to 5.
fn stocked() -> (Sandbox, Pool) {
    let sandbox = Sandbox::database_only();
    let pool = Pool::new(&sandbox.database_url, 2);
    let mut connection = pool.get().expect("a connection");
    migrate::run(&mut connection, drop).expect("the schema");
    connection
        .batch_execute(
            "INSERT INTO product (id, name, kind, price) VALUES ('P', 'p', 'stock', 1);
             INSERT INTO user_order (id, merchant, product_id, total_fee) VALUES ('A', 'app', 'P', 1000);
             INSERT INTO stock_item (id, product_id, code) VALUES
                 (1, 'P', 'a'), (2, 'P', 'b'), (3, 'P', 'c'), (4, 'P', 'd'), (5, 'P', 'e');",
        )
        .expect("a product with codes");
    (sandbox, pool)
}

#[test]
fn codes_of_a_transaction_that_was_rolled_back_are_found_again() {
    let (_sandbox, pool) = stocked();
    let mut connection = pool.get().expect("a connection");
    let rolled_back = connection.transaction(|connection| {
        assert_eq!(pick(connection, "P", 3)?, [1, 2, 3]);
        Err::<(), StoreError>(RollbackTransaction.into())
    });
    assert!(rolled_back.is_err());
    let picked = connection.transaction(|connection| pick(connection, "P", 4)).expect("picked");
    assert_eq!(picked, [1, 2, 3, 4], "two are behind the cursor, four are wanted");
    let all = connection.transaction(|connection| pick(connection, "P", 9)).expect("picked");
    assert_eq!(all, [1, 2, 3, 4, 5]);
}

#[test]
fn codes_that_another_transaction_gives_away_are_left_out() {
    let (_sandbox, pool) = stocked();
    let (mut first, mut second) = (pool.get().expect("one"), pool.get().expect("two"));
    first
        .transaction(|first| {
            assert_eq!(pick(first, "P", 2)?, [1, 2]);
            assert_eq!(pick(&mut second, "P", 2)?, [3, 4]);
            assert_eq!(
                pick(&mut second, "P", 2)?,
                [3, 4],
                "one is behind the cursor: all are searched"
            );
            give(first, &[GivenCode { id: 1, order_id: "A" }, GivenCode { id: 2, order_id: "A" }])
        })
        .expect("given");
    assert_eq!(pick(&mut second, "P", 9).expect("picked"), [3, 4, 5]);
}
