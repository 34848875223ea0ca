//! Named points at which a test makes a program die.
//!
//! A crash between two steps is tested by crashing there. [`crash_point!`](macro@crate::crash_point) marks
//! the place, and `CRASH_POINT=NAME` in the environment arms one: the process aborts when it gets
//! there, without unwinding and without a destructor, as with `kill -9`. `CRASH_POINT=NAME:3` aborts
//! the third time. [`crash_on_order!`](crate::crash_on_order) stands for a message that kills
//! every worker: `CRASH_ON_ORDER=ID` aborts each time that order is worked on.
//!
//! All of it exists with debug assertions only. A release build holds no name, no variable and no
//! check: `strings target/release/worker | grep -c CRASH_` prints 0.

/// Aborts here if `CRASH_POINT` says so. The name is one of [`ALL`](crate::crash_point::ALL).
/// Nothing in a release build.
#[macro_export]
macro_rules! crash_point {
    ($name:literal) => {
        #[cfg(debug_assertions)]
        $crate::crash_point::reached($name);
    };
}

/// Aborts here if `CRASH_ON_ORDER` names this order, an `Option<&str>`. Nothing in a release build.
#[macro_export]
macro_rules! crash_on_order {
    ($order:expr) => {
        #[cfg(debug_assertions)]
        $crate::crash_point::working_on($order);
    };
}

#[cfg(debug_assertions)]
pub use armed::{ALL, reached, working_on};

#[cfg(debug_assertions)]
mod armed {
    use std::process::abort;
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tracing::error;

    /// Every crash point, in the order in which a notification passes them.
    pub const ALL: [&str; 27] = [
        // The signature is right, nothing is published.
        "ingress.after_verify",
        // The broker has confirmed, Alipay has not read `success`.
        "ingress.after_confirm",
        // Deliveries taken, nothing done.
        "worker.after_receive",
        // A redelivered message is counted, nothing is done with it.
        "worker.after_count_up",
        // In the transaction: the orders are locked.
        "worker.after_lock",
        // In the transaction: goods are given, the orders are not written.
        "worker.after_goods",
        // Everything is written, a retry or a dead letter is about to be published.
        "worker.before_confirm",
        // Retries and dead letters are confirmed, nothing is committed.
        "worker.after_confirm",
        // One transaction of the batch is committed.
        "worker.after_commit",
        // The whole batch is committed, nothing is acknowledged.
        "worker.before_ack",
        // Acknowledged.
        "worker.after_ack",
        // Goods are given to orders that waited for stock, nothing is committed.
        "restock.after_give",
        // Events are confirmed, their rows do not say so yet.
        "outbox.after_publish",
        // Orders are leased to be asked about, nothing is asked.
        "queries.after_claim",
        // The gateway has closed an order whose time is over, and is not asked about it yet.
        "queries.after_close",
        // The gateway's answers are confirmed, their rows do not say so yet.
        "queries.after_publish",
        // Refunds of late money are leased, Alipay is not called.
        "refunds.after_claim",
        // Alipay has answered, nothing is published.
        "refunds.after_call",
        // Its answers are confirmed, the rows do not say so yet.
        "refunds.after_publish",
        // Messages that wait for a pause have rows, nothing is acknowledged.
        "pauses.after_put_aside",
        // Messages are in the queue again after a pause, and still have rows.
        "pauses.before_delete",
        // A part of an import of codes is written, nothing is committed.
        "stock_import.after_chunk",
        // A withdrawal is committed, no code is printed.
        "stock_withdraw.recorded",
        // Dead letters are in the work queue again, and nothing says so.
        "ops.replay_published",
        // That is written down, and they are still in the queue of dead letters, too.
        "ops.replay_recorded",
        // An order is amended, its dead letters are not replayed.
        "ops.amended",
        // A discarded letter is in its queue again, nothing is committed.
        "ops.restore_published",
    ];

    /// Which point is armed, and how often it is passed before it aborts.
    #[derive(Debug, PartialEq, Eq)]
    struct Armed {
        name: String,
        time: u32,
    }

    impl Armed {
        /// Reads `NAME` or `NAME:N`. What is neither arms nothing.
        fn read(text: &str) -> Option<Armed> {
            let (name, time) = text.split_once(':').unwrap_or((text, "1"));
            let time = time.parse().ok().filter(|time| *time > 0)?;
            ALL.contains(&name).then(|| Armed { name: name.to_owned(), time })
        }
    }

    static ARMED: LazyLock<Option<Armed>> =
        LazyLock::new(|| std::env::var("CRASH_POINT").ok().as_deref().and_then(Armed::read));
    static CRASH_ON_ORDER: LazyLock<Option<String>> =
        LazyLock::new(|| std::env::var("CRASH_ON_ORDER").ok());
    static PASSED: AtomicU32 = AtomicU32::new(0);

    /// Behind [`crash_point!`](macro@crate::crash_point).
    pub fn reached(name: &str) {
        if let Some(armed) = ARMED.as_ref().filter(|armed| armed.name == name)
            && PASSED.fetch_add(1, Ordering::Relaxed) + 1 == armed.time
        {
            error!(crash_point = name, "aborting, as CRASH_POINT says");
            abort();
        }
    }

    /// Behind [`crash_on_order!`](crate::crash_on_order).
    pub fn working_on(order: Option<&str>) {
        if order.is_some() && order == CRASH_ON_ORDER.as_deref() {
            error!(order, "aborting, as CRASH_ON_ORDER says");
            abort();
        }
    }

    #[cfg(test)]
    mod tests {
        use super::{ALL, Armed};

        #[test]
        fn a_point_is_armed_by_name_and_time() {
            let armed = |name: &str, time| Some(Armed { name: name.to_owned(), time });
            assert_eq!(Armed::read("worker.after_ack"), armed("worker.after_ack", 1));
            assert_eq!(Armed::read("worker.after_ack:3"), armed("worker.after_ack", 3));
            for nothing in ["", "worker", "worker.after_ack:", "worker.after_ack:0", ":1"] {
                assert_eq!(Armed::read(nothing), None, "{nothing}");
            }
        }

        #[test]
        fn no_name_stands_twice() {
            assert_eq!(std::collections::BTreeSet::from(ALL).len(), ALL.len());
        }
    }
}
