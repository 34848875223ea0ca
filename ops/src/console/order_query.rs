//! Which orders a page lists: read from its address, and shown in its search bar.

use alipay::Fen;
use maud::{Markup, html};
use order::{FulfillmentState, OrderStatus, VariantArray as _};
use service::language::say;
use store::user_order::{OrderFilter, OrderSearch};

use super::address::{at, listing};
use super::page::usage;
use super::request::Fields;
use super::tag;
use crate::failure::Failure;
use crate::operations::beijing_day::BeijingDay;
use crate::operations::order::parse_amount;
use crate::operations::order::status_name::parse_status;

const PATH: &str = "/orders";

/// What is searched for with `status`, besides the statuses.
const IN_REVIEW: &str = "review";

/// The longest text that is searched for, in characters: an order number has 64 bytes, an account at Alipay 100.
const LONGEST: usize = 128;

/// What is searched for; everything that is given must hold.
#[derive(Debug, Clone, Default)]
pub(super) struct OrderQuery {
    text: String,
    status: Option<i16>,
    in_review: bool,
    goods: Option<FulfillmentState>,
    from: Option<BeijingDay>,
    to: Option<BeijingDay>,
    total: Option<Fen>,
    pub(super) after: String,
}

impl OrderQuery {
    pub(super) fn read(query: &Fields) -> Result<OrderQuery, Failure> {
        let text = |name: &str| query.at_most(name, LONGEST);
        let day = |name: &str| {
            let day = query.some(name).map(str::parse).transpose();
            day.map_err(|_| usage("日期无法识别", "a day cannot be read"))
        };
        let state = query.get("status");
        let in_review = state == IN_REVIEW;
        let status = query.some("status").filter(|_| !in_review).map(parse_status).transpose();
        let goods = query.some("goods").map(str::parse).transpose();
        let total = query.some("total").map(parse_amount).transpose();
        let no_amount = |_| usage("金额无法识别，例如 19.90", "total: expected yuan such as 19.90");
        Ok(OrderQuery {
            text: text("q")?,
            status: status.map_err(|error| Failure::Usage(format!("status: {error}")))?,
            in_review,
            goods: goods
                .map_err(|_| usage("goods：没有这个商品状态", "goods: no such state of goods"))?,
            from: day("from")?,
            to: day("to")?,
            total: total.map_err(no_amount)?,
            after: text("after")?,
        })
    }

    pub(super) fn search(&self) -> OrderSearch<'_> {
        let given = |text| Some(text).filter(|text: &&str| !text.is_empty());
        OrderSearch {
            text: given(&self.text),
            filter: OrderFilter {
                status: self.status,
                needs_review: self.in_review,
                goods: self.goods,
                since: self.from.map(BeijingDay::begin),
                until: self.to.map(BeijingDay::end),
                total: self.total,
                ..OrderFilter::default()
            },
            after: given(&self.after),
        }
    }

    /// The address of the orders that match, from behind the order with this number on.
    pub(super) fn address(&self, after: &str) -> String {
        let day = |day: Option<BeijingDay>| day.map(|day| day.to_string()).unwrap_or_default();
        let filters = [
            ("q", self.text.clone()),
            ("status", self.status_value()),
            ("goods", self.goods.map(|goods| goods.to_string()).unwrap_or_default()),
            ("from", day(self.from)),
            ("to", day(self.to)),
            ("total", self.total.map(|total| total.to_string()).unwrap_or_default()),
            ("after", after.to_owned()),
        ];
        listing(PATH, &filters.each_ref().map(|(name, value)| (*name, value.as_str())))
    }

    fn status_value(&self) -> String {
        match self.status {
            Some(code) => code.to_string(),
            None if self.in_review => IN_REVIEW.to_owned(),
            None => String::new(),
        }
    }

    pub(super) fn bar(&self) -> Markup {
        let hint = say(
            "订单号、交易号（可只写开头）、买家号或买家账号",
            "Order, trade (or how it begins), buyer",
        );
        let masked = say(
            "开放平台的买家账号有掩码（buy***@example.com）：请用买家号查找",
            "The Open Platform masks a buyer's account (buy***@example.com): search for the number",
        );
        let day = |name: &str, label: &str, day: Option<BeijingDay>| {
            let value = day.map(|day| day.to_string()).unwrap_or_default();
            html! { label { (label) " " input type="date" name=(name) value=(value); } }
        };
        let total = self.total.map(|total| total.to_string()).unwrap_or_default();
        let yuan = say("金额（元）", "Total in yuan");
        html! {
            form.bar #search-orders method="get" action=(at(PATH)) {
                input type="search" name="q" maxlength=(LONGEST) aria-label=(say("搜索", "Search"))
                    placeholder=(hint) title=(masked) value=(self.text);
                select name="status" aria-label=(say("状态", "Status")) {
                    (option("", self.status_value().is_empty(), say("全部状态", "Any status")))
                    @for code in OrderStatus::VARIANTS.iter().map(|status| status.code()) {
                        @let words = format!("{code} {}", tag::status_words(code));
                        (option(&code.to_string(), self.status == Some(code), &words))
                    }
                    (option(IN_REVIEW, self.in_review, say("复核中", "In review")))
                }
                select name="goods" aria-label=(say("商品", "Goods")) {
                    (option("", self.goods.is_none(), say("任何商品状态", "Any goods")))
                    @for &state in FulfillmentState::VARIANTS {
                        (option(state.as_str(), self.goods == Some(state), &tag::goods_words(state)))
                    }
                }
                (day("from", say("下单从", "Placed from"), self.from))
                (day("to", say("到", "to"), self.to))
                input name="total" inputmode="decimal" size="8" placeholder=(yuan) aria-label=(yuan)
                    value=(total);
                button.main { (say("搜索", "Search")) }
            }
        }
    }
}

fn option(value: &str, chosen: bool, words: &str) -> Markup {
    html! { option value=(value) selected[chosen] { (words) } }
}
