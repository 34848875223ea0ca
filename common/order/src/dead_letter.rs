//! Dead letters: messages that no worker can process.

closed_set! {
    /// `dead_letter.state`: where a dead letter is.
    pub enum DeadLetterState {
        /// In the queue `alipay.dead`.
        Waiting,
        /// An operator sent it back to the workers.
        Replayed,
        /// An operator removed it; its row keeps the body.
        Discarded,
        /// It is not in the queue any more, and no operator removed it by `ops`.
        Gone,
    }
}

closed_set! {
    /// `dead_letter_audit.action`: what an operator did with a dead letter.
    pub enum LetterAction {
        /// Sent back to the workers.
        Replayed,
        /// Removed from the queue.
        Discarded,
        /// Put into the queue again after a discard.
        Restored,
    }
}

impl LetterAction {
    /// Where the letter is after it.
    pub fn leads_to(self) -> DeadLetterState {
        match self {
            LetterAction::Replayed => DeadLetterState::Replayed,
            LetterAction::Discarded => DeadLetterState::Discarded,
            LetterAction::Restored => DeadLetterState::Waiting,
        }
    }
}
