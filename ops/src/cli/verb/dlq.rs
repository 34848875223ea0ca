//! `ops dlq`

mod discard;
mod filter;
mod history;
mod list;
mod replay;
mod show;

group! {
    /// Dead letters: messages that need a person
    ///
    /// Looking at them changes nothing. One operator at a time is at the letters; another one waits for a
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
