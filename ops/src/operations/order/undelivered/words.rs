//! Why the goods are not with the buyer, in words.

use order::Undelivered;

use super::UndeliveredOrder;
use crate::operations::dead_letter::NO_REASON;
use crate::operations::pause::scope_in_chinese;

impl UndeliveredOrder {
    /// Why its message was rejected.
    fn rejected_as(&self) -> &str {
        self.letter.as_deref().filter(|reason| !reason.is_empty()).unwrap_or(NO_REASON)
    }

    fn due(&self) -> String {
        self.due_at.map(|at| at.to_string()).unwrap_or_default()
    }

    /// What is paused, until when and by whom.
    fn paused(&self) -> Option<String> {
        let pause = self.pause.as_ref()?;
        Some(format!("{} is paused until {} by {}", pause.what(), pause.ends_at, pause.begun_by))
    }

    fn paused_in_chinese(&self) -> Option<String> {
        let pause = self.pause.as_ref()?;
        let what = format!("{} {}", scope_in_chinese(pause.scope), pause.scope_id);
        Some(format!("{}已由 {} 暂停到 {}", what.trim_end(), pause.begun_by, pause.ends_at))
    }

    /// Why, in English.
    pub(super) fn english(&self) -> String {
        let words = match (self.kind, self.paused()) {
            (Undelivered::PaymentPending, _) => {
                "Alipay holds the money: the seller's account cannot receive it yet (TRADE_PENDING)"
            }
            (Undelivered::PaymentInDoubt, _) => {
                "closed after the payment: the gateway is asked where the money is, or a person decides the review"
            }
            (Undelivered::PaidLate, _) => {
                "paid after its time limit: the payment is refunded, or a person accepts it in the review"
            }
            (Undelivered::AwaitingConfirmation, _) => {
                "a notification says paid, and the gateway is to confirm it first (merchants.NAME.confirm)"
            }
            (Undelivered::AwaitingStock, Some(paused)) if self.in_stock => {
                return format!("there is stock by now, and {paused}: `ops resume`");
            }
            (Undelivered::AwaitingStock, Some(paused)) => {
                return format!("out of stock, and {paused}: import codes, then `ops resume`");
            }
            (Undelivered::AwaitingStock, None) if self.in_stock => {
                "there is stock by now: a worker delivers within seconds"
            }
            (Undelivered::AwaitingStock, None) => "out of stock: import codes",
            (Undelivered::AwaitingManual, _) => "a person delivers it, then decides its review",
            (Undelivered::AwaitingAccount, _) => "the order names no account: `ops order account`",
            (Undelivered::InProgress, Some(paused)) => {
                return format!("paid, and {paused}: `ops resume`");
            }
            (Undelivered::InProgress, None) => {
                "paid: a worker delivers within seconds; if not, look at the workers with `ops status`"
            }
            (Undelivered::Paused, Some(paused)) => {
                return format!("a message about it waits, since {paused}: `ops resume`");
            }
            (Undelivered::Paused, None) => {
                "a message about it waited for a pause, which is over: a worker takes it up within seconds"
            }
            (Undelivered::DeadLetter, _) => {
                let missing = if self.exists { "" } else { "; there is no order of this number" };
                let reason = self.rejected_as();
                return format!("the message about the payment was rejected as {reason}{missing}");
            }
            (Undelivered::Retrying, _) if self.is_overdue => {
                let due = self.due();
                return format!(
                    "a message about it was due back from a retry tier at {due}: `ops retries list`"
                );
            }
            (Undelivered::Retrying, _) => {
                return format!("a message about it waits in a retry tier until {}", self.due());
            }
            (Undelivered::Inconsistent, _) => {
                "what is stored about it disagrees with itself: `ops audit`"
            }
        };
        words.to_owned()
    }

    /// And in Chinese.
    pub(crate) fn chinese(&self) -> String {
        let words = match (self.kind, self.paused_in_chinese()) {
            (Undelivered::PaymentPending, _) => {
                "支付宝暂存款项：卖家账号还不能收款（TRADE_PENDING）"
            }
            (Undelivered::PaymentInDoubt, _) => {
                "付款后交易关闭：正在查询款项去向，或由人工复核决定"
            }
            (Undelivered::PaidLate, _) => "超过付款期限：款项将退回，或由人工在复核中接受",
            (Undelivered::AwaitingConfirmation, _) => {
                "通知称已付款，等待网关确认（merchants.NAME.confirm）"
            }
            (Undelivered::AwaitingStock, Some(paused)) if self.in_stock => {
                return format!("已有库存，但{paused}：ops resume");
            }
            (Undelivered::AwaitingStock, Some(paused)) => {
                return format!("缺货，且{paused}：请导入卡密，再 ops resume");
            }
            (Undelivered::AwaitingStock, None) if self.in_stock => "已有库存：worker 几秒内发货",
            (Undelivered::AwaitingStock, None) => "缺货：请导入卡密",
            (Undelivered::AwaitingManual, _) => "人工发货，然后完成复核",
            (Undelivered::AwaitingAccount, _) => "订单没有账号：ops order account",
            (Undelivered::InProgress, Some(paused)) => {
                return format!("已付款，但{paused}：ops resume");
            }
            (Undelivered::InProgress, None) => {
                "已付款：worker 几秒内发货；若没有，用 ops status 检查 worker"
            }
            (Undelivered::Paused, Some(paused)) => {
                return format!("有消息在等待，因为{paused}：ops resume");
            }
            (Undelivered::Paused, None) => "暂停已结束：worker 几秒内处理等待的消息",
            (Undelivered::DeadLetter, _) => {
                let missing = if self.exists { "" } else { "；没有这个订单" };
                return format!("付款消息被拒绝：{}{missing}", self.rejected_as());
            }
            (Undelivered::Retrying, _) if self.is_overdue => {
                return format!("有消息应在 {} 从重试队列返回：ops retries list", self.due());
            }
            (Undelivered::Retrying, _) => {
                return format!("有消息在重试队列中，{} 返回", self.due());
            }
            (Undelivered::Inconsistent, _) => "库中的记录互相矛盾：ops audit",
        };
        words.to_owned()
    }
}
