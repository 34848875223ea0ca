//! `ops stock`

mod find;
mod import;
mod list;
mod put_back;
mod resell;
mod withdraw;
mod withdrawals;

group! {
    /// Import codes, list the stock, find a code, withdraw codes and put them back
    ///
    /// Example: ops stock list
    StockArgs {
        Import(import::StockImportArgs),
        List(list::StockListArgs),
        Find(find::StockFindArgs),
        Withdraw(withdraw::WithdrawArgs),
        Withdrawals(withdrawals::WithdrawalsArgs),
        PutBack(put_back::PutBackArgs),
        Resell(resell::ResellArgs),
    }
}
