//! What operators do that changes something, for the record `operator_action`.

closed_set! {
    /// `operator_action.action`: what a person did.
    pub enum OperatorAction {
        /// Logged in to the console.
        LogIn,
        /// Tried to, with a wrong name or password.
        RefuseLogin,
        /// Logged out.
        LogOut,
        /// Sent dead letters back to the workers.
        ReplayLetters,
        /// Discarded dead letters.
        DiscardLetters,
        /// Brought discarded dead letters back.
        RestoreLetters,
        /// Wrote a note on a dead letter or a group of them.
        NoteLetters,
        /// Corrected the rows of dead letters by the queue.
        SyncLetters,
        /// Decided a review.
        DecideReview,
        /// Asked Alipay for a refund.
        RequestRefund,
        /// Closed an unpaid trade at Alipay.
        CloseTrade,
        /// Had the workers apply the gateway's answer about an order.
        ApplyAnswer,
        /// The same for all orders of a span of time.
        ReconcileOrders,
        /// Placed an order.
        CreateOrder,
        /// Imported orders of another system.
        ImportOrders,
        /// Set the account that a subscription is for.
        SetAccount,
        /// Amended the terms of an order, or proposed to.
        AmendOrder,
        /// Confirmed an amendment as its second person.
        ConfirmAmendment,
        /// Took an amendment back, or refused it, before it was made.
        WithdrawAmendment,
        /// Added a product.
        AddProduct,
        /// Changed a product.
        SetProduct,
        /// Imported codes.
        ImportCodes,
        /// Took codes out of the stock.
        WithdrawCodes,
        /// Put withdrawn codes back.
        PutBackCodes,
        /// Put returned codes on sale again.
        ResellCodes,
        /// Let work wait.
        PauseWork,
        /// Ended a pause before its time.
        ResumeWork,
        /// Crossed out a message that does not come back from a retry queue.
        ForgetRetry,
        /// Removed old rows.
        PruneRows,
        /// Declared missing queues and bindings.
        ApplyTopology,
        /// Changed the schema of the database.
        MigrateSchema,
    }
}

closed_set! {
    /// `operator_action.subject_kind`: what it was done to.
    pub enum ActionSubject {
        /// An order.
        Order,
        /// One dead letter or several.
        Letter,
        /// A review.
        Review,
        /// A product.
        Product,
        /// A withdrawal of codes.
        Withdrawal,
        /// A message that waits for a retry.
        Message,
        /// Work that waits: of everything, a merchant or a product.
        Work,
        /// A user of the console.
        User,
        /// The database.
        Database,
        /// The broker.
        Broker,
    }
}

closed_set! {
    /// `operator_action.source`: where it was done.
    pub enum ActionSource {
        /// In the browser.
        Console,
        /// On the command line.
        Ops,
    }
}

closed_set! {
    /// `operator_action.result`
    pub enum ActionResult {
        /// Not known: it goes on, or the program ended before it could say.
        Begun,
        /// It was done.
        Done,
        /// It was not, or not all of it.
        Failed,
    }
}

impl OperatorAction {
    /// What it is done to.
    pub fn subject(self) -> ActionSubject {
        use OperatorAction::*;
        match self {
            LogIn | RefuseLogin | LogOut => ActionSubject::User,
            ReplayLetters | DiscardLetters | RestoreLetters | NoteLetters | SyncLetters => {
                ActionSubject::Letter
            }
            DecideReview => ActionSubject::Review,
            RequestRefund | CloseTrade | ApplyAnswer | ReconcileOrders | CreateOrder
            | ImportOrders | SetAccount | AmendOrder | ConfirmAmendment | WithdrawAmendment => {
                ActionSubject::Order
            }
            AddProduct | SetProduct | ImportCodes | WithdrawCodes | ResellCodes => {
                ActionSubject::Product
            }
            PutBackCodes => ActionSubject::Withdrawal,
            PauseWork | ResumeWork => ActionSubject::Work,
            ForgetRetry => ActionSubject::Message,
            PruneRows | MigrateSchema => ActionSubject::Database,
            ApplyTopology => ActionSubject::Broker,
        }
    }

    /// Whether an error about it may quote codes, which are goods: such an error is not recorded.
    pub fn handles_codes(self) -> bool {
        use OperatorAction::{ImportCodes, PutBackCodes, ResellCodes, WithdrawCodes};
        matches!(self, ImportCodes | WithdrawCodes | PutBackCodes | ResellCodes)
    }
}
