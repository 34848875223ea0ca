//! `ops order`

mod account;
mod create;
mod import;
mod list;
mod show;

group! {
    /// Create, import, show and list orders
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
