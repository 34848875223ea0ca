//! What findings say of themselves in Chinese; their `describe` has the English text.

use chrono::TimeDelta;
use std::fmt::Display;

use super::goods::Waits;
use super::{
    BrokerFinding, CertificateFinding, ClockFinding, DatabaseFinding, Finding, GoodsFinding,
    IngressFinding, NotAsked, PauseFinding, WorkFinding,
};

/// Things of which so many are named.
const NAMED: usize = 3;

/// What was seen, with values, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChineseText {
    pub(crate) seen: String,
    pub(crate) to_do: &'static str,
}

fn text(seen: String, to_do: &'static str) -> ChineseText {
    ChineseText { seen, to_do }
}

impl Finding {
    /// The finding in Chinese.
    pub(crate) fn in_chinese(&self) -> ChineseText {
        match self {
            Finding::NotAsked(finding) => not_asked(finding),
            Finding::Broker(finding) => broker(finding),
            Finding::Ingress(finding) => ingress(finding),
            Finding::Database(finding) => database(finding),
            Finding::Clocks(finding) => clocks(finding),
            Finding::Pauses(PauseFinding::Active { chinese, .. }) => {
                text(format!("已暂停：{chinese}"), "ops resume 提前结束")
            }
            Finding::Work(finding) => work(finding),
            Finding::Goods(finding) => goods(finding),
            Finding::Certificates(finding) => certificates(finding),
        }
    }
}

/// A length of time in its largest unit: `8 小时`.
pub(crate) fn length_in_chinese(time: TimeDelta) -> String {
    let seconds = time.num_seconds().abs();
    match seconds {
        0..120 => format!("{seconds} 秒"),
        120..7200 => format!("{} 分钟", seconds / 60),
        7200..172_800 => format!("{} 小时", (seconds + 1800) / 3600),
        _ => format!("{} 天", seconds / 86_400),
    }
}

fn first_of(all: &[impl Display]) -> String {
    let named: Vec<String> = all.iter().take(NAMED).map(ToString::to_string).collect();
    match all.len().saturating_sub(NAMED) {
        0 => named.join("；"),
        more => format!("{}；另有 {more} 项", named.join("；")),
    }
}

fn not_asked(finding: &NotAsked) -> ChineseText {
    let why = finding.why();
    match finding {
        NotAsked::Database { .. } => text(
            format!("数据库没有响应：{why}"),
            "ops check：数据库是否在运行，database.url 是否正确；SHOW FULL PROCESSLIST 查看锁",
        ),
        NotAsked::Broker { .. } => text(
            format!("RabbitMQ 没有响应：{why}"),
            "ops check：RabbitMQ 是否在运行，amqp.url 是否正确",
        ),
        NotAsked::Management { .. } => text(
            format!("RabbitMQ 管理接口没有响应：{why}"),
            "检查 amqp.management_url；没有它只能统计就绪的消息",
        ),
        NotAsked::Topology { .. } => text(
            format!("无法比较队列和绑定：{why}"),
            "用有 configure 权限的账号运行 ops topology plan",
        ),
    }
}

fn broker(finding: &BrokerFinding) -> ChineseText {
    const TAKES_NOTHING: &str = "不再接收消息，ingress 应答 fail，重试和事件都在等待";
    match finding {
        BrokerFinding::Memory { alarm } => text(
            format!("RabbitMQ 内存不足（{alarm}）：{TAKES_NOTHING}"),
            "rabbitmq-diagnostics memory_breakdown；让 worker 消费完队列，或为 RabbitMQ 增加内存",
        ),
        BrokerFinding::Disk { alarm } => text(
            format!("RabbitMQ 磁盘不足（{alarm}）：{TAKES_NOTHING}"),
            "在该节点上释放磁盘空间，随后会自动恢复",
        ),
        BrokerFinding::Blocked { alarm } => text(
            format!("RabbitMQ 阻塞了发布消息的连接（{alarm}）：ingress 应答 fail"),
            "rabbitmqctl status 会显示告警",
        ),
        BrokerFinding::Missing { objects } => text(
            format!("RabbitMQ 上缺少 {} 项：{}", objects.len(), first_of(objects)),
            "ops topology apply",
        ),
        BrokerFinding::Differs { text: differs } => {
            text(format!("参数不一致：{differs}"), "ops topology plan")
        }
        BrokerFinding::Odd { findings } => text(
            format!("RabbitMQ 上有不应存在的内容：{}", first_of(findings)),
            "ops topology plan",
        ),
    }
}

fn ingress(finding: &IngressFinding) -> ChineseText {
    match finding {
        IngressFinding::NotReady { address, why } => text(
            format!("ingress（{address}）未就绪：{why}"),
            "查看 ingress 的日志；ops check --only ingress，ops topology plan",
        ),
        IngressFinding::Away { address, stranger } => {
            let who = if *stranger { "应答的不是 ingress" } else { "没有应答" };
            text(
                format!("{address}（ingress.admin_listen）{who}：ingress 已停止，或在另一台机器上"),
                "在 ingress 所在的机器上运行 systemctl status alipay-ingress",
            )
        }
        IngressFinding::SignaturesRefused { merchant, notifications } => text(
            format!(
                "ingress 启动以来，商户 {merchant} 的通知接受 {} 条，验签失败 {} 条",
                notifications.accepted, notifications.bad_signature
            ),
            "ingress 的日志会说明是哪个密钥；用 ops verify 检查一条通知",
        ),
    }
}

fn database(finding: &DatabaseFinding) -> ChineseText {
    let DatabaseFinding::ReadOnly { evidence, may_write, since } = finding;
    let since = since.map_or(String::new(), |since| format!("自 {since} 起"));
    let may = match may_write {
        true => "本账号仍可写入，其他账号不能",
        false => "不会发货，消息在 worker 和队列中等待",
    };
    text(
        format!("数据库{since}只读（{evidence}）：{may}"),
        "若为误操作：SET GLOBAL read_only = 0；若发生过切换：database.url 是否指向主库？",
    )
}

fn clocks(finding: &ClockFinding) -> ChineseText {
    let off = |ahead: &TimeDelta| {
        let side = if *ahead > TimeDelta::zero() { "快" } else { "慢" };
        format!("{side} {}", length_in_chinese(*ahead))
    };
    let seen = match finding {
        ClockFinding::Database { ahead } => format!("数据库的时钟比本机{}", off(ahead)),
        ClockFinding::Worker { worker, ahead } => {
            format!("worker {worker} 的时钟比数据库{}", off(ahead))
        }
        ClockFinding::Messages { ahead } => format!("消息的接收时间比 worker 的时钟{}", off(ahead)),
        ClockFinding::Inbox { ahead } => format!("最近一条消息的接收时间比写入时间{}", off(ahead)),
    };
    text(
        format!("{seen}：订单会在错误的时间被关闭和查询"),
        "在每台机器上比较 date -u，在数据库中比较 SELECT UTC_TIMESTAMP()，校正错误的时钟（chronyc makestep）",
    )
}

fn work(finding: &WorkFinding) -> ChineseText {
    match finding {
        WorkFinding::NoWorkers { queues, messages, last, one_lives } => {
            let last = last.as_ref().map(|(worker, at, trouble)| {
                let trouble = trouble.as_ref().map(|it| format!("，未就绪：{it}"));
                format!("；worker {worker} 最后一次上报于 {at}{}", trouble.unwrap_or_default())
            });
            text(
                format!(
                    "没有 worker 在消费 {}，{messages} 条消息在等待{}",
                    first_of(queues),
                    last.unwrap_or_default()
                ),
                match one_lives {
                    true => {
                        "有 worker 在运行但没有消费：查看其日志和 /readyz；ops check 检查账号权限"
                    }
                    false => "启动 worker：systemctl start alipay-worker@1；其日志说明退出的原因",
                },
            )
        }
        WorkFinding::CrashLoop { crashes, last } => text(
            format!("短时间内有 {crashes} 个 worker 非正常退出，最近一次 {last}"),
            "查看 worker 的日志：journalctl -u 'alipay-worker@*'；ops dlq list --reason kills_workers",
        ),
        WorkFinding::StandsStill { worker, messages, since, trouble } => {
            let trouble = trouble.as_ref().map(|it| format!("；它报告：{it}")).unwrap_or_default();
            text(
                format!(
                    "worker {worker} 持有 {messages} 条消息已 {}，没有进展{trouble}",
                    length_in_chinese(*since)
                ),
                "查看谁持有锁：SELECT * FROM information_schema.innodb_trx；再查看该 worker 的日志",
            )
        }
        WorkFinding::NotReady { worker, trouble } => text(
            format!("worker {worker} 未就绪：{trouble}"),
            "查看该 worker 的日志；队列已满时 rabbitmqctl list_queues name messages policy，数据库锁用 SHOW PROCESSLIST",
        ),
        WorkFinding::Gone { worker, seen_at } => text(
            format!("worker {worker} 最后一次上报于 {seen_at}，并非正常结束；其他 worker 在消费"),
            "在该主机上 systemctl list-units 'alipay-worker@*'：重新启动，或不处理，一小时内自动消失",
        ),
        WorkFinding::Backlog { queues, messages } => text(
            format!("{messages} 条消息在 {} 中等待", first_of(queues)),
            "增加 worker；查看数据库负载",
        ),
        WorkFinding::Held { messages } => text(
            format!("{messages} 条消息滞留在 worker 中：alipay.dead 或某个重试队列已满"),
            "rabbitmqctl list_queues name messages policy 可看出已满的队列；配置 amqp.management_url 后 ops topology plan 也可以",
        ),
        WorkFinding::RetriesOverdue { copies, oldest } => {
            let oldest = oldest.map(|at| format!("，最早的接收于 {at}")).unwrap_or_default();
            text(
                format!("{copies} 条消息没有从重试队列回来{oldest}"),
                "ops topology plan，然后 ops retries list",
            )
        }
        WorkFinding::RetriesWaiting { copies } => {
            text(format!("{copies} 条消息等待重试：可能是订单尚未创建"), "ops retries list --all")
        }
        WorkFinding::DeadLetters { letters, .. } => {
            text(format!("{letters} 条死信"), "ops dlq list --group")
        }
        WorkFinding::Unpublished { events, oldest, enabled } => text(
            format!("{events} 个事件没有发布，最早的是 {oldest}"),
            match enabled {
                true => {
                    "查看 worker 的日志；ops topology plan：alipay.events 是否存在，其队列是否已满？"
                }
                false => "本配置中 events.enabled = false：为 worker 设为 true，或放弃这些事件",
            },
        ),
    }
}

impl Waits {
    fn in_chinese(&self, what: &str) -> String {
        let since = self.oldest.map(|oldest| {
            format!("，最早的已等待 {}（自 {oldest}）", length_in_chinese(self.waited))
        });
        format!("{what}：{}{}", self.orders, since.unwrap_or_default())
    }
}

fn goods(finding: &GoodsFinding) -> ChineseText {
    match finding {
        GoodsFinding::UnknownMerchant { merchant, .. } => text(
            format!("有订单的商户是 {merchant}，配置中没有该商户：没有程序处理这些订单"),
            "更正商店写入的商户名，或配置该商户并发送 SIGHUP；ops order list --merchant 列出这些订单",
        ),
        GoodsFinding::NoStock(waits) => text(
            waits.in_chinese("已付款未发货、没有库存的订单"),
            "ops order list --goods awaiting_stock，然后 ops stock import",
        ),
        GoodsFinding::NoAccount(waits) => text(
            waits.in_chinese("已付款未发货、订阅没有账号的订单"),
            "ops order list --goods awaiting_account，然后 ops order account",
        ),
        GoodsFinding::ByHand(waits) => text(
            waits.in_chinese("已付款、待人工发货的订单"),
            "ops order list --goods awaiting_manual，然后 ops review list",
        ),
        GoodsFinding::Unconfirmed(waits) => text(
            waits.in_chinese("已付款、等待网关确认的订单"),
            "ops query 订单号 会立即查询并说明问题",
        ),
        GoodsFinding::UnknownRefunds(waits) => {
            text(waits.in_chinese("结果未知的退款"), "ops refund-requests --state unknown")
        }
        GoodsFinding::NotAsked(waits) => text(
            waits.in_chinese("没有按时进行的网关查询"),
            "worker.queries 是否为 true，该商户是否可以查询（ops check）？查看 worker 的日志",
        ),
        GoodsFinding::NoAnswer { orders } => text(
            format!("最近一次查询没有可用响应的订单：{orders}，会再次查询"),
            "ops query 订单号 会说明问题；查看 worker 的日志",
        ),
        GoodsFinding::NotAtAlipay(waits) => text(
            waits.in_chinese("这里已付款而支付宝查无付款的订单"),
            "密钥是否泄露？ops review list；docs/troubleshooting.zh-CN.md 说明如何判断",
        ),
        GoodsFinding::Reviews(waits) => text(waits.in_chinese("待人工复核"), "ops review list"),
        GoodsFinding::LowStock { products } => text(
            format!("库存不足：{}", first_of(products)),
            "ops stock list，然后 ops stock import",
        ),
    }
}

fn certificates(finding: &CertificateFinding) -> ChineseText {
    let seen = match finding {
        CertificateFinding::Ended { whose, until } => {
            format!("{whose} 已于 {until} 过期，不再使用")
        }
        CertificateFinding::NotBegun { whose, from } => {
            format!("{whose} 自 {from} 起有效，尚未使用")
        }
        CertificateFinding::Ends { whose, until, left } => {
            format!("{whose} 将在 {} 后到期（{until}）", length_in_chinese(*left))
        }
    };
    text(seen, "ops certs；在 open.alipay.com 获取新证书，与旧证书放在一起，然后重新加载配置")
}
