//! Whom a worker believes: the broker's word about who published a message.

use config::{Amqp, Publishers};
use order::RejectionReason;
use queue::{Kind, Received};

use crate::verdict::Never;

/// Checks that the account that published the message may publish this kind. Everything is believed
/// where no accounts are configured.
///
/// An ingress passes on what came from outside. A worker publishes what the gateway answered, what
/// expired, and any message again as a retry; who runs `ops` publishes decisions, and any message again
/// as a replay.
pub(crate) fn check(received: &Received, kind: Kind, amqp: &Amqp) -> Result<(), Never> {
    let Some(Publishers { ingress, worker, ops }) = &amqp.publishers else { return Ok(()) };
    let from_outside = match kind {
        Kind::TradeStatus | Kind::BatchRefund | Kind::QueryRequest => true,
        Kind::QueryAnswer | Kind::Decision | Kind::RefundAnswer | Kind::Expiry => false,
    };
    let Some(user) = &received.user_id else {
        let error =
            format!("a message of kind {kind} that does not say who published it (user_id)");
        return Err(Never::new(RejectionReason::UnknownPublisher, error));
    };
    let is_in = |users: &[String]| users.contains(user);
    if is_in(worker) || is_in(ops) || (from_outside && is_in(ingress)) {
        return Ok(());
    }
    let error = format!("a message of kind {kind} published by {user}, who may not publish it");
    Err(Never::new(RejectionReason::UnknownPublisher, error))
}

#[cfg(test)]
mod tests {
    use config::{Amqp, Publishers};
    use lapin::BasicProperties;
    use lapin::message::Delivery;
    use queue::{Kind, Received};

    use super::check;

    fn received(user: Option<&str>) -> Received {
        let mut delivery = Delivery::mock(1, "".into(), "0".into(), false, Vec::new());
        if let Some(user) = user {
            delivery.properties = BasicProperties::default().with_user_id(user.into());
        }
        Received::new(delivery)
    }

    #[test]
    fn each_program_is_believed_what_it_publishes() {
        let mut amqp = Amqp::at("amqp://h");
        let users = [None, Some("i"), Some("w"), Some("o"), Some("stranger")];
        let believed = |amqp: &Amqp, kind| {
            users.map(|user| {
                check(&received(user), kind, amqp).map_err(|never| never.reason).is_ok()
            })
        };
        assert_eq!(believed(&amqp, Kind::Decision), [true; 5]);
        let names = |name: &str| vec![name.to_owned()];
        amqp.publishers =
            Some(Publishers { ingress: names("i"), worker: names("w"), ops: names("o") });
        for kind in Kind::ALL {
            let outside =
                matches!(kind, Kind::TradeStatus | Kind::BatchRefund | Kind::QueryRequest);
            assert_eq!(believed(&amqp, kind), [false, outside, true, true, false], "{kind}");
        }
    }
}
