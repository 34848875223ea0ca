//! `ops product add`

use alipay::Fen;
use clap::Args;
use order::{OperatorAction, ProductKind};
use service::invisible;
use store::product::Product;

use super::product_table;
use crate::cli::closed_set::words_of;
use crate::cli::context::Context;
use crate::failure::Failure;
use crate::operations::action_record::{Act, Actor};
use crate::operations::order::{parse_amount, parse_new_id};
use crate::operations::product;

/// Add a product
///
/// Kinds: `stock` delivers one code per unit (see `ops stock import`); `subscription` gives an account --days
/// per unit; with `manual` a person delivers.
///
/// Example: ops product add gift-100 --name "Gift card 100" --kind stock --price 99.50 --low-stock 20
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ProductAddArgs {
    /// Its id, 1 to 64 bytes
    #[arg(value_parser = parse_new_id)]
    id: String,
    /// Its name, at most 255 characters
    #[arg(long, value_parser = parse_name)]
    name: String,
    /// How it is delivered
    #[arg(long, value_parser = words_of::<ProductKind>())]
    kind: ProductKind,
    /// Price of a unit in yuan, for example 10.00
    #[arg(long, value_parser = parse_amount, value_name = "YUAN")]
    price: Fen,
    /// Length of a subscription in days
    #[arg(long, value_parser = clap::value_parser!(i32).range(1..), required_if_eq("kind", "subscription"))]
    days: Option<i32>,
    /// Report low stock at so many available codes or fewer (status, stock list, event product.low_stock); only for kind stock
    #[arg(long, value_parser = clap::value_parser!(i32).range(1..), value_name = "COUNT")]
    low_stock: Option<i32>,
}

impl ProductAddArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let ProductAddArgs { id, name, kind, price, days, low_stock } = self;
        let product = Product { id, name, kind, price, days, on_sale: true };
        product::check_new(&product, low_stock)?;
        let act = Act::new(Actor::of_verb(None), OperatorAction::AddProduct, &product.id);
        let added = context.recorded(&act, |change| {
            let added = product::add(&mut *context.database()?, product, low_stock)?;
            change.to(&added);
            Ok(added)
        })?;
        context.output.print(&added, || product_table(std::slice::from_ref(&added)))
    }
}

pub(super) fn parse_name(text: &str) -> Result<String, String> {
    match text.chars().count() {
        1..=255 => invisible::check_shown(text).map(|()| text.to_owned()),
        length => Err(format!("it has {length} characters, expected 1 to 255")),
    }
}
