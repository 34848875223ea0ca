//! `ops review`

mod decide;
mod list;
mod show;

group! {
    /// What needs a person: list the cases, look at one, decide it
    ///
    /// A notification that disagrees with its order (amount, seller, application) is a dead letter with its
    /// evidence and no case here: see `ops dlq list --group`; it ends with a replay or a discard.
    ///
    /// Example: ops review list
    ReviewArgs {
        List(list::ReviewListArgs),
        Show(show::ReviewShowArgs),
        Decide(decide::DecideArgs),
    }
}
