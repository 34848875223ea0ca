//! Every arrival order of every story, each notification and each answer of the gateway repeated at every later place: all rows
//! end the same, goods go out at most once and come back at most once, and goods out minus goods
//! back end the same. Only what is in review may differ in goods.

#![allow(clippy::expect_used, unreachable_pub, reason = "a test")]

#[allow(dead_code, reason = "the test with a database uses more of it")]
mod stories;

use std::collections::BTreeSet;

use order::{
    FulfillmentState, GoodsDecision, MerchantAccount, OrderRecord, OrderState, Review, ReviewReason,
};
use stories::{Said, Story};

/// The shop as the worker would keep it, with stock that never ends.
struct Shop {
    record: OrderRecord,
    /// Refunds that arrived before their trade was known.
    early: Vec<order::Refund>,
    account: MerchantAccount,
    delivered: u32,
    returned: u32,
}

/// What must not depend on the order of arrival.
#[derive(Debug, PartialEq, Eq, Clone)]
struct End {
    record: OrderRecord,
    state: OrderState,
    reviews: BTreeSet<Review>,
    net_goods: u32,
}

impl Shop {
    fn open(story: &Story) -> Shop {
        Shop {
            record: OrderRecord::new(story.terms(), order::ProductKind::Stock),
            early: Vec::new(),
            account: story.account(),
            delivered: 0,
            returned: 0,
        }
    }

    fn hear(&mut self, said: &Said) {
        match said {
            Said::Trade(notification) => {
                self.record
                    .apply_notification(&self.account, notification)
                    .expect("the stories agree with the order");
                self.find_early_refunds();
            }
            Said::Answer(answer) => {
                self.record
                    .apply_answer(&self.account, answer)
                    .expect("the stories agree with the order");
                self.find_early_refunds();
            }
            Said::RefundAnswer(answer) => {
                self.record
                    .apply_refund_answer(&self.account, answer)
                    .expect("the stories agree with the order");
                self.find_early_refunds();
            }
            Said::Expiry(at) => self.record.apply_expiry(*at, *at),
            Said::Batch(batch) => {
                for item in &batch.items {
                    let refund = order::Refund::of_batch_item(batch, item);
                    if self.record.trades.contains_key(&refund.trade_no) {
                        self.record.apply_batch_refund(&self.account, refund);
                    } else {
                        self.early.push(refund);
                    }
                }
            }
        }
        let state = self.record.state();
        match self.record.goods(&state) {
            GoodsDecision::Nothing => {}
            GoodsDecision::Deliver => {
                self.delivered += 1;
                self.record.fulfillment = Some(FulfillmentState::Delivered);
            }
            GoodsDecision::TakeBack => {
                self.returned += 1;
                self.record.fulfillment = Some(FulfillmentState::Returned);
            }
            GoodsDecision::Cancel => self.record.fulfillment = Some(FulfillmentState::Cancelled),
        }
        assert!(self.delivered <= 1, "goods went out twice");
        assert!(self.returned <= self.delivered, "more came back than went out");
    }

    fn find_early_refunds(&mut self) {
        for refund in self.early.clone() {
            if self.record.trades.contains_key(&refund.trade_no) {
                self.record.apply_batch_refund(&self.account, refund);
            }
        }
    }

    fn end(mut self) -> End {
        let state = self.record.state();
        let mut reviews: BTreeSet<Review> = self.record.reviews(&state).into_iter().collect();
        // Which of the two ways goods can be wrong in a reviewed case depends on the order.
        reviews.retain(|review| review.reason != ReviewReason::PaidAfterReturn);
        self.record.fulfillment = None;
        End { record: self.record, state, reviews, net_goods: self.delivered - self.returned }
    }
}

/// Runs `arrivals` and returns how it ended.
fn play(story: &Story, arrivals: &[&Said]) -> End {
    let mut shop = Shop::open(story);
    for said in arrivals {
        shop.hear(said);
    }
    shop.end()
}

/// Calls `visit` with every distinct arrangement in which notification `i` arrives `left[i]` times.
fn arrangements(left: &mut [u8], so_far: &mut Vec<usize>, visit: &mut impl FnMut(&[usize])) {
    if left.iter().all(|count| *count == 0) {
        visit(so_far);
        return;
    }
    for next in 0..left.len() {
        if left[next] > 0 {
            left[next] -= 1;
            so_far.push(next);
            arrangements(left, so_far, visit);
            so_far.pop();
            left[next] += 1;
        }
    }
}

/// Plays one story in every order, with each notification arriving once, and again with each
/// arriving twice (so repeated at every later place, together with all the others' repeats).
/// Returns how many sequences that were.
fn play_all(story: &Story) -> u64 {
    let said = &story.notifications;
    let mut sequences = 0;
    let mut first: Option<End> = None;
    for times in [1, 2] {
        arrangements(&mut vec![times; said.len()], &mut Vec::new(), &mut |order| {
            let arrivals: Vec<&Said> = order.iter().map(|at| &said[*at]).collect();
            let end = play(story, &arrivals);
            sequences += 1;
            let Some(expected) = &first else {
                story.check(&end.state, end.net_goods, &end.reviews);
                first = Some(end);
                return;
            };
            assert_eq!(end.record, expected.record, "{}: rows differ", story.name);
            assert_eq!(end.state, expected.state, "{}: state differs", story.name);
            assert_eq!(end.reviews, expected.reviews, "{}: reviews differ", story.name);
            if end.reviews.is_empty() || !story.goods_may_differ {
                assert_eq!(end.net_goods, expected.net_goods, "{}: goods differ", story.name);
            }
        });
    }
    sequences
}

#[test]
fn every_arrival_order_of_every_story_ends_the_same() {
    let mut total = 0;
    for story in stories::all() {
        let sequences = play_all(&story);
        println!("{:>8} sequences: {}", sequences, story.name);
        total += sequences;
    }
    println!("{total:>8} sequences in all");
    assert!(total > 200_000, "the stories have shrunk: {total} sequences");
}
