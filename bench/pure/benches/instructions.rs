//! Instructions of the pure parts, counted by valgrind. Each has a limit of about a tenth above what was counted when it was
//! committed; who makes a part more expensive raises its limit here, in the same commit.

use std::hint::black_box;

use alipay::{Charset, Form, Notification, Protocol, SecondReading, ascii_form};
use gungraun::{
    Callgrind, EventKind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main,
};
use pure::Inputs;

/// At most so many instructions. A function hands its input back, so that its end is not counted.
fn at_most(instructions: u64) -> LibraryBenchmarkConfig {
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(Callgrind::default().hard_limits([(EventKind::Ir, instructions)]));
    config
}

#[library_benchmark(config = at_most(26_000), setup = Inputs::new)]
#[bench::payment()]
fn parse_a_form(it: Inputs) -> (Inputs, bool) {
    let found = black_box(Form::parse(black_box(&it.body))).is_ok();
    (it, found)
}

#[library_benchmark(config = at_most(19_400), setup = Inputs::new)]
#[bench::payment()]
fn verify_md5(it: Inputs) -> (Inputs, bool) {
    let found = black_box(it.verifier.verify(black_box(&it.form), &[], it.received_at)).is_ok();
    (it, found)
}

#[library_benchmark(config = at_most(9_700), setup = Inputs::new)]
#[bench::payment()]
fn form_as_text_of_the_envelope(it: Inputs) -> (Inputs, usize) {
    let found = black_box(ascii_form(black_box(&it.body))).len();
    (it, found)
}

#[library_benchmark(config = at_most(10_300), setup = Inputs::new)]
#[bench::payment()]
fn look_for_a_second_reading(it: Inputs) -> (Inputs, bool) {
    let found = black_box(SecondReading::of(black_box(&it.form), Protocol::Mapi)).is_some();
    (it, found)
}

#[library_benchmark(config = at_most(19_700), setup = Inputs::new)]
#[bench::payment()]
fn read_a_notification(it: Inputs) -> (Inputs, bool) {
    let found =
        black_box(Notification::read(black_box(&it.form), Protocol::Mapi, Charset::Utf8)).is_ok();
    (it, found)
}

#[library_benchmark(config = at_most(3_050), setup = Inputs::new)]
#[bench::payment()]
fn apply_a_payment(mut it: Inputs) -> (Inputs, bool) {
    let found = it.unpaid.apply_notification(&it.account, black_box(&it.trade)).is_ok();
    (it, found)
}

#[library_benchmark(config = at_most(3_300), setup = Inputs::new)]
#[bench::payment()]
fn state_goods_and_reviews_of_an_order(it: Inputs) -> (Inputs, usize) {
    let state = black_box(&it.paid).state();
    black_box(it.paid.goods(&state));
    let found = it.paid.reviews(&state).len();
    (it, found)
}

library_benchmark_group!(
    name = pure_parts;
    benchmarks = parse_a_form, verify_md5, form_as_text_of_the_envelope, look_for_a_second_reading, read_a_notification,
        apply_a_payment, state_goods_and_reviews_of_an_order
);

main!(library_benchmark_groups = pure_parts);
