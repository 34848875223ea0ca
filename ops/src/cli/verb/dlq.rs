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
    Dlq {
        List(list::List),
        Show(show::Show),
        Replay(replay::Replay),
        Discard(discard::Discard),
        History(history::History),
    }
}
