//! `ops stock`

mod import;
mod list;
mod put_back;
mod resell;
mod withdraw;
mod withdrawals;

group! {
    /// Import codes, list the stock, withdraw codes and put them back
    ///
    /// Example: ops stock list
    StockArgs {
        Import(import::StockImportArgs),
        List(list::StockListArgs),
        Withdraw(withdraw::WithdrawArgs),
        Withdrawals(withdrawals::WithdrawalsArgs),
        PutBack(put_back::PutBackArgs),
        Resell(resell::ResellArgs),
    }
}
