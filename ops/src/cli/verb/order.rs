//! `ops order`

mod account;
mod create;
mod import;
mod list;
mod show;

group! {
    /// Place orders and look at them
    ///
    /// Example: ops order list --needs-review
    OrderArgs {
        Create(create::OrderCreateArgs),
        Account(account::OrderAccountArgs),
        Import(import::OrderImportArgs),
        Show(show::OrderShowArgs),
        List(list::OrderListArgs),
    }
}
