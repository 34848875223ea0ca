//! `ops dlq`

mod discard;
mod filter;
mod history;
mod list;
mod replay;
mod show;

group! {
    /// List, show, replay and discard dead letters: messages that need a person
    ///
    /// Listing and showing change nothing. Only one operator at a time reads the letters; another one waits for a
    /// moment, and always sees all of them.
    ///
    /// Example: ops dlq list --group
    DlqArgs {
        List(list::LetterListArgs),
        Show(show::LetterShowArgs),
        Replay(replay::ReplayArgs),
        Discard(discard::DiscardArgs),
        History(history::LetterHistoryArgs),
    }
}
