//! `ops product set`

use alipay::Fen;
use clap::{ArgGroup, Args};
use order::OperatorAction;
use store::product::Changes;

use super::add::parse_name;
use super::product_table;
use crate::cli::closed_set::yes_or_no;
use crate::cli::context::Context;
use crate::failure::Failure;
use crate::operations::action_record::{Act, Actor};
use crate::operations::order::parse_amount;
use crate::operations::product;

/// Change a product's name or price, take it off sale, set its low-stock threshold
///
/// A new price applies to new orders: each order has its own total, and earlier orders are paid at that.
/// While a product is off sale, `ops order create` and `ops pay-link` refuse it; a shop that inserts its orders itself must
/// check product.on_sale. A buyer who already has a link can pay, and paid orders are delivered, also those that wait for
/// stock. Low stock is not reported meanwhile.
///
/// Example: ops product set gift-100 --price 89.00 --name "Gift card 100, sale"
/// Example: ops product set gift-100 --on-sale no
/// Example: ops product set gift-100 --low-stock 20
#[derive(Args)]
#[command(
    verbatim_doc_comment,
    group = ArgGroup::new("what").required(true).multiple(true)
        .args(["name", "price", "on_sale", "low_stock", "resell_returned"])
)]
pub(crate) struct ProductSetArgs {
    /// The product
    id: String,
    /// Its name, at most 255 characters
    #[arg(long, value_parser = parse_name)]
    name: Option<String>,
    /// Price of a unit in yuan for new orders, for example 10.00
    #[arg(long, value_parser = parse_amount, value_name = "YUAN")]
    price: Option<Fen>,
    /// Whether new orders are accepted
    #[arg(long, value_parser = yes_or_no())]
    on_sale: Option<bool>,
    /// Report low stock at so many available codes or fewer (status, stock list, event product.low_stock); 0 never reports;
    /// only for kind stock
    #[arg(long, value_parser = clap::value_parser!(i32).range(0..), value_name = "COUNT")]
    low_stock: Option<i32>,
    /// Whether returned codes are sold again automatically; if not, `ops stock resell` does it for single codes; only for
    /// kind stock
    #[arg(long, value_parser = yes_or_no())]
    resell_returned: Option<bool>,
}

impl ProductSetArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let changes = Changes {
            name: self.name.as_deref(),
            price: self.price,
            on_sale: self.on_sale,
            resell_returned: self.resell_returned,
        };
        let act = Act::new(Actor::of_verb(None), OperatorAction::SetProduct, &self.id);
        let set = context.recorded(&act, |change| {
            let mut connection = context.database()?;
            change.from(product::listed(&mut connection, &self.id)?);
            let set = product::set(&mut connection, &self.id, &changes, self.low_stock)?;
            change.to(&set);
            Ok(set)
        })?;
        context.output.print(&set, || product_table(std::slice::from_ref(&set)))
    }
}
