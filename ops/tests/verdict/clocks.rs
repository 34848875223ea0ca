//! A clock that is eight hours off.

use std::sync::Arc;

use testkit::{Database, DatabaseKind, DatabaseOptions, Folder, Sandbox, ShiftedClock};

use crate::shop::{Shop, codes};

/// No other server's clock can be shifted.
fn of_this_machine() -> DatabaseOptions {
    DatabaseOptions { kind: Some(DatabaseKind::Installed), ..DatabaseOptions::default() }
}

#[test]
fn a_database_clock_eight_hours_off_is_reported() {
    for (hours, side) in [(8, "8 h ahead of"), (-8, "8 h behind")] {
        let folder = Arc::new(Folder::create_shifted(ShiftedClock::hours_ahead(hours)).unwrap());
        let mut database = Database::start_with(&folder, &of_this_machine()).unwrap();
        let mut sandbox = Sandbox::broker_only();
        sandbox.database_url = database.url();
        let shop = Shop::new(sandbox);
        let _worker = shop.worker();
        let answer = shop.ops.run("status").names("clocks_disagree", side);
        assert!(answer.stdout.contains("(8 hours: local time was set as UTC"), "{}", answer.stdout);
        // One finding, although every worker sees it, too.
        let status = shop.ops.run("status --output json").ended(1, "wrong").json();
        assert_eq!(codes(&status), ["clocks_disagree"], "{status:#}");

        database.stop();
        folder.set_clock(None).unwrap();
        database.start_again().unwrap();
        shop.wait_for_codes(&[]);
    }
}
