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
    Order {
        Create(create::Create),
        Account(account::Account),
        Import(import::Import),
        Show(show::Show),
        List(list::List),
    }
}
