//! `ops stock find`

use std::path::Path;

use clap::Args;

use crate::cli::context::Context;
use crate::cli::table::list;
use crate::cli::verb::read_file;
use crate::failure::Failure;
use crate::operations::stock::find::find_code;

/// Find a code: which order has it, or whether it is on sale or withdrawn
///
/// Lists every product that has or had the code. `ops order show` tells what happened to the order that it names. It exits
/// with 1 if no product has the code.
///
/// Example: ops stock find AAAA-1111
/// Example: pbpaste | ops stock find -
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct StockFindArgs {
    /// The code; - reads it from stdin, so that it is in no shell history
    #[arg(value_name = "CODE")]
    code: String,
}

impl StockFindArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let code = match self.code.as_str() {
            "-" => String::from_utf8(read_file(Path::new("-"))?)
                .map_err(|_| Failure::Usage("the code on stdin is not UTF-8".to_owned()))?,
            _ => self.code,
        };
        let places = find_code(&mut *context.database()?, &code)?;
        context.output.print(&places, || {
            list(&places)
                .column("product", |place| &place.product_id)
                .column("state", |place| place.state.as_str())
                .optional("order", |place| place.order_id.as_ref())
                .optional("withdrawal", |place| place.withdrawal)
                .text()
        })?;
        match places.is_empty() {
            true => Err(Failure::Refused("no product has or had this code".to_owned())),
            false => Ok(()),
        }
    }
}
