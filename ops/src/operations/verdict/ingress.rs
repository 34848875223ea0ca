//! Findings at the ingress.

use super::{Description, Urgency};
use crate::operations::overview::Overview;
use crate::operations::overview::ingress::{IngressAnswer, Notifications};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IngressFinding {
    /// It lives, and cannot do its job.
    NotReady { address: String, why: String },
    /// It is not where the configuration says: down, or on another machine.
    Away { address: String, stranger: bool },
    /// Most of what a merchant's notify URL gets is not signed with a configured key.
    SignaturesRefused { merchant: String, notifications: Notifications },
}

pub(super) fn judge(overview: &Overview) -> Vec<IngressFinding> {
    let Some(look) = &overview.ingress else { return Vec::new() };
    let address = || look.address.clone();
    let state = match &look.answer {
        IngressAnswer::Ready => None,
        IngressAnswer::NotReady(why) => {
            Some(IngressFinding::NotReady { address: address(), why: why.clone() })
        }
        IngressAnswer::Nothing => {
            Some(IngressFinding::Away { address: address(), stranger: false })
        }
        IngressAnswer::Stranger => {
            Some(IngressFinding::Away { address: address(), stranger: true })
        }
    };
    let counted = look.counted.iter().flat_map(|counted| &counted.notifications);
    let refused = counted.filter(|(_, it)| it.bad_signature > it.accepted);
    let refused = refused.map(|(merchant, it)| IngressFinding::SignaturesRefused {
        merchant: merchant.clone(),
        notifications: *it,
    });
    state.into_iter().chain(refused).collect()
}

impl IngressFinding {
    /// What it says of itself.
    pub(crate) fn describe(&self) -> Description {
        let of = |urgency, code, chinese| Description::new(urgency, code, chinese);
        match self {
            IngressFinding::NotReady { address, why } => {
                of(Urgency::Now, "ingress_not_ready", "ingress 未就绪")
                    .seen(format!("the ingress at {address} is not ready: {why}"))
                    .advice("read the ingress' log; ops check --only ingress, ops topology plan")
            }
            IngressFinding::Away { address, stranger } => {
                let seen = match stranger {
                    false => format!(
                        "nothing answers at {address} (ingress.admin_listen): the ingress is down, or runs on another machine"
                    ),
                    true => format!(
                        "what answers at {address} (ingress.admin_listen) is not the ingress: it is down, or runs on another machine"
                    ),
                };
                of(Urgency::Later, "ingress_away", "ingress 没有响应")
                    .seen(seen)
                    .advice("systemctl status alipay-ingress on the machine of the ingress")
            }
            IngressFinding::SignaturesRefused { merchant, notifications } => {
                let Notifications { accepted, bad_signature: refused } = notifications;
                of(Urgency::Soon, "signatures_refused", "通知验签失败")
                    .seen(format!(
                        "since its start the ingress accepted {accepted} and refused {refused} notifications of {merchant}: bad_signature {refused}"
                    ))
                    .advice(format!("the ingress' log says which key; ops verify --merchant {merchant}"))
            }
        }
    }
}
