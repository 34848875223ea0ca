//! Findings at the ingress.

use super::{Describe, Urgency};
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
    let refused = look.notifications.iter().filter(|(_, it)| it.bad_signature > it.accepted);
    let refused = refused.map(|(merchant, it)| IngressFinding::SignaturesRefused {
        merchant: merchant.clone(),
        notifications: *it,
    });
    state.into_iter().chain(refused).collect()
}

impl Describe for IngressFinding {
    fn code(&self) -> &'static str {
        match self {
            IngressFinding::NotReady { .. } => "ingress_not_ready",
            IngressFinding::Away { .. } => "ingress_away",
            IngressFinding::SignaturesRefused { .. } => "signatures_refused",
        }
    }

    fn chinese(&self) -> &'static str {
        match self {
            IngressFinding::NotReady { .. } => "ingress 未就绪",
            IngressFinding::Away { .. } => "ingress 没有应答",
            IngressFinding::SignaturesRefused { .. } => "通知验签失败",
        }
    }

    fn urgency(&self) -> Urgency {
        match self {
            IngressFinding::NotReady { .. } => Urgency::Now,
            IngressFinding::SignaturesRefused { .. } => Urgency::Soon,
            IngressFinding::Away { .. } => Urgency::Later,
        }
    }

    fn seen(&self) -> String {
        match self {
            IngressFinding::NotReady { address, why } => {
                format!("the ingress at {address} is not ready: {why}")
            }
            IngressFinding::Away { address, stranger: false } => format!(
                "nothing answers at {address} (ingress.admin_listen): the ingress is down, or runs on another machine"
            ),
            IngressFinding::Away { address, stranger: true } => format!(
                "what answers at {address} (ingress.admin_listen) is not the ingress: it is down, or runs on another machine"
            ),
            IngressFinding::SignaturesRefused { merchant, notifications } => {
                let Notifications { accepted, bad_signature: refused } = notifications;
                format!(
                    "since its start the ingress accepted {accepted} and refused {refused} notifications of {merchant}: bad_signature {refused}"
                )
            }
        }
    }

    fn to_do(&self) -> String {
        match self {
            IngressFinding::NotReady { .. } => {
                "read the ingress' log; ops check --only ingress, ops topology plan".to_owned()
            }
            IngressFinding::Away { .. } => {
                "systemctl status alipay-ingress on the machine of the ingress".to_owned()
            }
            IngressFinding::SignaturesRefused { merchant, .. } => {
                format!("the ingress' log says which key; ops verify --merchant {merchant}")
            }
        }
    }
}
