//! `ops stock`

mod import;
mod list;
mod put_back;
mod resell;
mod withdraw;
mod withdrawals;

group! {
    /// Import codes, look at the stock, take codes out and put them back
    ///
    /// Example: ops stock list
    Stock {
        Import(import::Import),
        List(list::List),
        Withdraw(withdraw::Withdraw),
        Withdrawals(withdrawals::Withdrawals),
        PutBack(put_back::PutBack),
        Resell(resell::Resell),
    }
}
