//! Which account may publish which message. The broker guarantees the account.

use config::{Amqp, Publishers};
use order::RejectionReason;
use queue::MessageKind;

use super::Rejection;

/// Checks that the account that published the message may publish this kind. Every account may publish
/// everything where no accounts are configured.
///
/// An ingress passes on what came from outside. A worker publishes answers of the gateway, expiries, and any message
/// again as a retry; `ops` publishes decisions, and any message again as a replay.
pub(super) fn check(user: Option<&str>, kind: MessageKind, amqp: &Amqp) -> Result<(), Rejection> {
    let Some(Publishers { ingress, worker, ops }) = &amqp.publishers else { return Ok(()) };
    let from_outside = match kind {
        MessageKind::TradeStatus | MessageKind::BatchRefund | MessageKind::QueryRequest => true,
        MessageKind::QueryAnswer
        | MessageKind::Decision
        | MessageKind::RefundAnswer
        | MessageKind::Expiry => false,
    };
    let Some(user) = user else {
        let error =
            format!("a message of kind {kind} that does not say who published it (user_id)");
        return Err(Rejection::new(RejectionReason::UnknownPublisher, error));
    };
    let is_in = |users: &[String]| users.iter().any(|it| it == user);
    if is_in(worker) || is_in(ops) || (from_outside && is_in(ingress)) {
        return Ok(());
    }
    let error = format!("a message of kind {kind} published by {user}, who may not publish it");
    Err(Rejection::new(RejectionReason::UnknownPublisher, error))
}

#[cfg(test)]
mod tests {
    use config::{Amqp, Publishers};
    use queue::MessageKind;

    use super::check;

    #[test]
    fn each_program_may_publish_its_own_kinds() {
        let mut amqp = Amqp::at("amqp://h");
        let users = [None, Some("i"), Some("w"), Some("o"), Some("stranger")];
        let believed = |amqp: &Amqp, kind| users.map(|user| check(user, kind, amqp).is_ok());
        assert_eq!(believed(&amqp, MessageKind::Decision), [true; 5]);
        let names = |name: &str| vec![name.to_owned()];
        amqp.publishers =
            Some(Publishers { ingress: names("i"), worker: names("w"), ops: names("o") });
        for kind in MessageKind::ALL.iter().copied() {
            let outside = matches!(
                kind,
                MessageKind::TradeStatus | MessageKind::BatchRefund | MessageKind::QueryRequest
            );
            assert_eq!(believed(&amqp, kind), [false, outside, true, true, false], "{kind}");
        }
    }
}
