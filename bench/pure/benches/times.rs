//! Wall-clock times of the pure parts, by criterion.

use std::hint::black_box;

use alipay::{Charset, Form, Notification, Protocol, SecondReading, ascii_form};
use criterion::{Criterion, criterion_group, criterion_main};
use pure::Inputs;

fn times(c: &mut Criterion) {
    let it = Inputs::new();
    c.bench_function("parse a form", |b| b.iter(|| Form::parse(black_box(&it.body))));
    c.bench_function("verify MD5", |b| {
        b.iter(|| it.verifier.verify(black_box(&it.form), &[], it.received_at));
    });
    c.bench_function("form as text of the envelope", |b| {
        b.iter(|| ascii_form(black_box(&it.body)))
    });
    c.bench_function("look for a second reading", |b| {
        b.iter(|| SecondReading::of(black_box(&it.form), Protocol::Mapi));
    });
    c.bench_function("read a notification", |b| {
        b.iter(|| Notification::read(black_box(&it.form), Protocol::Mapi, Charset::Utf8));
    });
    c.bench_function("apply a payment", |b| {
        b.iter(|| {
            let mut record = it.unpaid.clone();
            record.apply_notification(&it.account, black_box(&it.trade)).map(|()| record)
        });
    });
    c.bench_function("state, goods and reviews of an order", |b| {
        b.iter(|| {
            let state = black_box(&it.paid).state();
            (it.paid.goods(&state), it.paid.reviews(&state))
        });
    });
}

criterion_group!(benches, times);
criterion_main!(benches);
