//! `ops product add`

use alipay::Fen;
use clap::{Args, ValueEnum};
use diesel::Connection as _;
use order::ProductKind;
use service::unseen;
use store::product::{self, Product};
use tracing::warn;

use super::{ProductLine, product_table};
use crate::cli::context::Context;
use crate::failure::{Failure, is_taken};
use crate::operations::order::parse_new_id;

/// Add a product
///
/// Kinds: stock delivers one code per unit (see ops stock import), subscription gives an account --days
/// per unit, manual leaves the delivery to a person.
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
    #[arg(long, value_enum)]
    kind: ProductKindArg,
    /// Price of a unit in yuan, for example 10.00
    #[arg(long, value_parser = parse_price, value_name = "YUAN")]
    price: Fen,
    /// Length of a subscription in days
    #[arg(long, value_parser = clap::value_parser!(i32).range(1..), required_if_eq("kind", "subscription"))]
    days: Option<i32>,
    /// Warn when so many codes or fewer are available (status, stock list, event product.low_stock); for kind stock
    #[arg(long, value_parser = clap::value_parser!(i32).range(1..), value_name = "COUNT")]
    low_stock: Option<i32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ProductKindArg {
    Stock,
    Subscription,
    Manual,
}

impl ProductAddArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let kind = match self.kind {
            ProductKindArg::Stock => ProductKind::Stock,
            ProductKindArg::Subscription => ProductKind::Subscription,
            ProductKindArg::Manual => ProductKind::Manual,
        };
        if self.days.is_some() && kind != ProductKind::Subscription {
            let kind = kind.as_str();
            return Err(Failure::Usage(format!("--days belongs to a subscription, not to {kind}")));
        }
        if self.low_stock.is_some() && kind != ProductKind::Stock {
            let kind = kind.as_str();
            return Err(Failure::Usage(format!(
                "--low-stock belongs to kind stock, not to {kind}"
            )));
        }
        let ProductAddArgs { id, name, price, days, .. } = self;
        if name.contains('&') {
            warn!(
                "the name {name:?} has & in it, and `ops pay-link` refuses it as a subject: Alipay signs it unescaped. \
                 Give orders a --subject without it, or change the name (ops product set --name)"
            );
        }
        let product = Product { id, name, kind, price, days, on_sale: true };
        let mut connection = context.database()?;
        connection.transaction(|connection| {
            product::insert(connection, &product).map_err(|error| {
                if is_taken(&error) {
                    Failure::Refused(format!("there is a product {} already", product.id))
                } else {
                    error.into()
                }
            })?;
            if self.low_stock.is_some() {
                product::set_low_stock(connection, &product.id, self.low_stock)?;
            }
            Ok::<_, Failure>(())
        })?;
        let line = ProductLine { low_stock: self.low_stock, ..ProductLine::from(&product) };
        context.output.print(&line, || product_table(std::slice::from_ref(&line)))
    }
}

pub(super) fn parse_name(text: &str) -> Result<String, String> {
    match text.chars().count() {
        1..=255 => unseen::check_shown(text).map(|()| text.to_owned()),
        length => Err(format!("it has {length} characters, expected 1 to 255")),
    }
}

pub(super) fn parse_price(text: &str) -> Result<Fen, String> {
    let price = Fen::parse(text).map_err(|error| error.to_string())?;
    if price <= Fen::new(0) { Err("a price is above zero".to_owned()) } else { Ok(price) }
}
