//! What a worker logs of an outage: a line when it begins and one when it ends, however many lanes and
//! sweepers meet it.

use crate::world::World;
use crate::{Worker, check, storm};

const ORDERS: usize = 300;

/// The lines of the log with these words.
fn lines<'a>(log: &'a str, words: &str) -> Vec<&'a str> {
    log.lines().filter(|line| line.contains(words)).collect()
}

/// One beginning, one end, and no line of each lane or sweeper. A change of the reason, such as a
/// broken connection and then a refused one, has its own line.
fn told_once(log: &str, server: &str, from: &str) {
    let began = lines(log, &format!("{server} cannot be reached"));
    assert_eq!(began.len(), 1, "{log}");
    assert!(began[0].contains("127.0.0.1:") && began[0].contains(from), "{}", began[0]);
    assert!(lines(log, &format!("{server} still cannot be reached")).len() <= 2, "{log}");
    assert_eq!(lines(log, &format!("{server} answers again after ")).len(), 1, "{log}");
    for of_others in ["cannot work", "could not be finished", "could not be declared", "r2d2"] {
        assert_eq!(lines(log, of_others), Vec::<&str>::new());
    }
}

#[test]
fn the_start_and_end_of_a_database_outage_are_logged_once() {
    let mut world = World::with_lines(ORDERS + 20);
    world.place_orders("K", ORDERS);
    let line = world.line_to_database();
    let worker = Worker::start(&world, &[]);
    let mut storm = storm(&world, ORDERS);
    world.wait_for_count("fulfillment", 30);
    line.cut();
    worker.wait_until_it_says("the database does not answer");
    // The lanes hold messages and retry; every sweeper has run meanwhile.
    assert!(storm.wait().success(), "the storm was not answered success throughout");
    line.resume();
    worker.wait_until_ready();
    check(&mut world, 300);
    worker.program.wait_for_log("answers again after");
    told_once(&worker.program.stderr(), "the database", "(environment variable DATABASE_URL)");
}

#[test]
fn the_start_and_end_of_a_broker_outage_are_logged_once() {
    let mut world = World::with_lines(ORDERS + 20);
    world.place_orders("K", ORDERS);
    let line = world.line_to_broker();
    let worker = Worker::start(&world, &[]);
    let mut storm = storm(&world, ORDERS);
    world.wait_for_count("fulfillment", 30);
    line.cut();
    worker.wait_until_it_says("a lane is not consuming");
    assert!(storm.wait().success(), "the storm was not answered success throughout");
    line.resume();
    worker.wait_until_ready();
    check(&mut world, 300);
    worker.program.wait_for_log("answers again after");
    told_once(&worker.program.stderr(), "the broker", "(environment variable AMQP_URL)");
}

/// A password that is wrong is no outage: the error says so, and what to do.
#[test]
fn a_refused_connection_logs_an_error_with_the_remedy() {
    let world = World::new(1);
    let wrong = world.sandbox.database_url.replace("root@", "nobody:sesame-4711@");
    let vhost = format!("{}-nowhere", world.sandbox.amqp_url);
    for (variable, url, refuses, says) in [
        ("DATABASE_URL", &wrong, "the database refuses this program", "write @ as %40"),
        ("AMQP_URL", &vhost, "the broker refuses this program", "rabbitmqctl list_vhosts"),
    ] {
        let worker = Worker::start_unready(&world, &[(variable, url)]);
        worker.wait_for_log(refuses);
        let log = worker.stderr();
        let told = lines(&log, refuses);
        assert!(told[0].contains("ERROR") && told[0].contains(says), "{log}");
        assert!(told[0].contains(&format!("(environment variable {variable})")), "{log}");
        assert!(!log.contains("sesame-4711") && !log.contains("timed out"), "{log}");
    }
}
