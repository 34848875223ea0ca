//! `ops review`

mod decide;
mod list;
mod show;

group! {
    /// List, show and decide reviews: cases that need a person
    ///
    /// A notification that disagrees with its order (amount, seller, application) is no review but a dead letter
    /// with its evidence: see `ops dlq list --group`, and replay or discard it.
    ///
    /// Example: ops review list
    ReviewArgs {
        List(list::ReviewListArgs),
        Show(show::ReviewShowArgs),
        Decide(decide::DecideArgs),
    }
}
