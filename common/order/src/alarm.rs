//! Alarms: what people are told without looking.

closed_set! {
    /// `alarm.source`: what must be asked to know whether the cause of an alarm is there.
    pub enum AlarmSource {
        /// Nothing: it is known from the configuration, or by asking alone.
        Nothing,
        /// The database.
        Database,
        /// The broker.
        Broker,
        /// The broker's management API, where it is configured.
        Management,
        /// The comparison of the broker's topology.
        Topology,
        /// The ingress' admin endpoint.
        Ingress,
        /// What the ingress has refused, for an hour.
        Refusals,
        /// The reasons of the dead letters.
        DeadLetters,
    }
}

closed_set! {
    /// `alarm_message.kind`: why a message about a cause is sent.
    pub enum AlarmMessageKind {
        /// The cause is there.
        Opened,
        /// It has become more urgent.
        Worsened,
        /// It is still there.
        Reminder,
        /// It is gone.
        Cleared,
    }
}
