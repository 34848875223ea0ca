//! `ops dlq`

mod discard;
mod filter;
mod history;
mod list;
mod note;
mod replay;
mod restore;
mod show;
mod sync;

pub(super) use replay::text as replay_text;

group! {
    /// List, show, replay, discard and restore dead letters: messages that need a person
    ///
    /// Lists, searches and dry runs read a row for each letter, for any number of operators at once. Replaying and
    /// discarding take letters out of the queue, one operator at a time; another one waits for a moment.
    ///
    /// Example: ops dlq list --group
    DlqArgs {
        List(list::LetterListArgs),
        Show(show::LetterShowArgs),
        Replay(replay::ReplayArgs),
        Discard(discard::DiscardArgs),
        History(history::LetterHistoryArgs),
        Note(note::NoteArgs),
        Restore(restore::RestoreArgs),
        Sync(sync::SyncArgs),
    }
}
