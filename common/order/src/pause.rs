//! What an operator can let wait.

closed_set! {
    /// `pause.scope`: which work waits.
    pub enum PauseScope {
        /// All of it: the lanes take nothing from the queue.
        Everything,
        /// That of one merchant.
        Merchant,
        /// That about orders of one product.
        Product,
    }
}
