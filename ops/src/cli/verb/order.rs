//! `ops order`

mod account;
mod amend;
mod amendments;
mod create;
mod import;
mod list;
mod show;
mod undelivered;

group! {
    /// Create, import, amend, show and list orders, and those that are paid and not delivered
    ///
    /// Example: ops order list --needs-review
    OrderArgs {
        Create(create::OrderCreateArgs),
        Account(account::OrderAccountArgs),
        Amend(amend::OrderAmendArgs),
        Amendments(amendments::AmendmentsArgs),
        Import(import::OrderImportArgs),
        Show(show::OrderShowArgs),
        List(list::OrderListArgs),
        Undelivered(undelivered::OrderUndeliveredArgs),
    }
}
