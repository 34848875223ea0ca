//! What an operator can do and ask, without a word about how it is asked for or shown.
//!
//! An operation takes a connection, the configuration or the broker, and returns a typed result; [`crate::cli`] prints it
//! as text or JSON, [`crate::console`] shows it in a browser.

pub(crate) mod access;
pub(crate) mod action_record;
pub(crate) mod activity;
pub(crate) mod admin_endpoint;
pub(crate) mod audit;
pub(crate) mod await_worker;
pub(crate) mod beijing_day;
pub(crate) mod certificates;
pub(crate) mod check;
pub(crate) mod close;
pub(crate) mod dead_letter;
pub(crate) mod dead_queue;
pub(crate) mod dry_run;
pub(crate) mod effect;
pub(crate) mod gateway_answer;
mod http_client;
pub(crate) mod identity_provider;
pub(crate) mod letter_acts;
pub(crate) mod management;
mod metric_text;
pub(crate) mod notification_trial;
pub(crate) mod notify;
pub(crate) mod order;
pub(crate) mod overview;
pub(crate) mod password_hash;
pub(crate) mod pause;
pub(crate) mod pay_link;
pub(crate) mod product;
pub(crate) mod prune;
pub(crate) mod publish;
pub(crate) mod query;
pub(crate) mod reconcile;
pub(crate) mod refund;
pub(crate) mod rejected_payment;
pub(crate) mod review_case;
pub(crate) mod review_decision;
mod rolled_back;
pub(crate) mod signature_check;
pub(crate) mod stock;
pub(crate) mod topology;
pub(crate) mod topology_findings;
pub(crate) mod unknown_merchant;
pub(crate) mod verdict;
pub(crate) mod verify_report;

pub(crate) use rolled_back::rolled_back;

/// The most characters of the name of a person who acts: the columns hold so many.
pub(crate) const LONGEST_PERSON_NAME: usize = 255;

/// Whether a number can be left out of JSON.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
pub(crate) fn is_zero(number: &usize) -> bool {
    *number == 0
}
