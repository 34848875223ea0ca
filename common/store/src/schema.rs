//! The tables, as the migrations leave them. `tests/schema.rs` compares this with a migrated database.
//!
//! Keys are `VARBINARY`, since they compare by byte; they hold text. [`column`](crate::column) has the types that
//! are ours.

macro_rules! tables {
    ($($table:ident ($($key:ident),+) { $($columns:tt)+ })+) => {
    $(
        diesel::table! {
            use config::Urgency;
            use diesel::sql_types::*;
            use order::{
                ActionResult, ActionSource, ActionSubject, AlarmMessageKind, AlarmSource, AmendmentState, OperatorAction,
                CodeState, DeadLetterState, DecisionState, FulfillmentState, LetterAction, MessageOutcome, OrderStatus, PauseScope, ProductKind, QueryReason,
                RefundRequestState, RefundStatusCode, ReviewReason, ReviewState, TradeStatusCode,
            };
            use crate::column::{EnumNumber, FactSet, Moment, Money, EnumText};

            $table ($($key),+) { $($columns)+ }
        }
    )+

    diesel::allow_tables_to_appear_in_same_query!($($table),+);
    };
}

tables! {
    amendment (id) {
        id -> BigInt,
        order_id -> Text,
        state -> EnumText<AmendmentState>,
        before -> Text,
        after -> Text,
        reason -> Text,
        replay -> Nullable<Text>,
        proposed_by -> Text,
        proposed_at -> Moment,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<Moment>,
    }

    alarm (cause) {
        cause -> Text,
        source -> EnumText<AlarmSource>,
        urgency -> EnumText<Urgency>,
        first_seen -> Moment,
        last_seen -> Moment,
        told_at -> Nullable<Moment>,
        told_urgency -> EnumText<Urgency>,
        content -> Text,
    }

    alarm_message (id) {
        id -> BigInt,
        channel -> Text,
        cause -> Text,
        kind -> EnumText<AlarmMessageKind>,
        urgency -> EnumText<Urgency>,
        content -> Text,
        created_at -> Moment,
        due_at -> Moment,
        attempts -> Integer,
        error -> Nullable<Text>,
        sent_at -> Nullable<Moment>,
    }

    dead_letter (message_id) {
        message_id -> Text,
        merchant -> Nullable<Text>,
        order_id -> Nullable<Text>,
        reason -> Nullable<Text>,
        error -> Nullable<Text>,
        died_at -> Nullable<Moment>,
        first_died_at -> Nullable<Moment>,
        deaths -> Integer,
        state -> EnumText<DeadLetterState>,
        copies -> Integer,
        is_recorded -> Bool,
        trade_no -> Nullable<Text>,
        kind -> Nullable<Text>,
        fingerprint -> Nullable<Text>,
        cause -> Text,
        attempts -> Integer,
        first_seen -> Moment,
        traceparent -> Nullable<Text>,
        worker_version -> Nullable<Text>,
        changed_at -> Moment,
    }

    dead_letter_audit (id) {
        id -> BigInt,
        action -> EnumText<LetterAction>,
        message_id -> Text,
        order_id -> Nullable<Text>,
        done_by -> Text,
        note -> Nullable<Text>,
        headers -> Text,
        body -> Nullable<Text>,
        done_at -> Moment,
    }

    dead_letter_body (message_id) {
        message_id -> Text,
        body -> Binary,
    }

    dead_letter_note (id) {
        id -> BigInt,
        message_id -> Nullable<Text>,
        cause -> Nullable<Text>,
        note -> Text,
        noted_by -> Text,
        noted_at -> Moment,
    }

    decision (id) {
        id -> BigInt,
        review_id -> BigInt,
        order_id -> Text,
        trade_no -> Nullable<Text>,
        #[sql_name = "decision"]
        word -> Text,
        decided_by -> Text,
        note -> Text,
        decided_at -> Moment,
        state -> EnumText<DecisionState>,
        error -> Nullable<Text>,
        ended_at -> Nullable<Moment>,
    }

    entitlement (order_id) {
        order_id -> Text,
        account -> Text,
        product_id -> Text,
        days -> Integer,
        starts_at -> Moment,
    }

    fulfillment (order_id) {
        order_id -> Text,
        product_id -> Text,
        state -> EnumText<FulfillmentState>,
        units -> Integer,
        given -> Integer,
        waiting_since -> Nullable<Moment>,
        delivered_at -> Nullable<Moment>,
        returned_at -> Nullable<Moment>,
        is_imported -> Bool,
    }

    gateway_answer (order_id, digest) {
        order_id -> Text,
        digest -> Text,
        written_at -> Moment,
    }

    gateway_query (order_id) {
        order_id -> Text,
        merchant -> Text,
        why -> EnumText<QueryReason>,
        due_at -> Moment,
        asked -> Integer,
        asked_at -> Nullable<Moment>,
        answer -> Nullable<Text>,
        error -> Nullable<Text>,
        created_at -> Moment,
    }

    gateway_query_cursor (name) {
        name -> Text,
        reached -> Moment,
        reached_id -> Text,
    }

    low_stock_notice (product_id) {
        product_id -> Text,
        since -> Moment,
    }

    notification (id) {
        id -> BigInt,
        merchant -> Text,
        kind -> Text,
        message_id -> Text,
        order_id -> Nullable<Text>,
        trade_no -> Nullable<Text>,
        trade_status -> Nullable<Text>,
        charset -> Text,
        form -> Text,
        outcome -> EnumText<MessageOutcome>,
        reason -> Nullable<Text>,
        error -> Nullable<Text>,
        facts_added -> Text,
        changes -> Nullable<Text>,
        attempts -> Integer,
        seen -> Integer,
        received_at -> Moment,
        first_seen -> Moment,
        last_seen -> Moment,
        dead_since -> Nullable<Moment>,
        long_changes -> Nullable<Text>,
    }

    operator_action (id) {
        id -> BigInt,
        done_at -> Moment,
        done_by -> Text,
        source -> EnumText<ActionSource>,
        action -> EnumText<OperatorAction>,
        subject_kind -> EnumText<ActionSubject>,
        subject -> Text,
        before -> Nullable<Text>,
        after -> Nullable<Text>,
        reason -> Nullable<Text>,
        result -> EnumText<ActionResult>,
        error -> Nullable<Text>,
    }

    order_expired (order_id, expires_at) {
        order_id -> Text,
        expires_at -> Moment,
        said_at -> Moment,
        written_at -> Moment,
        ended_at -> Nullable<Moment>,
    }

    outbox (id) {
        id -> BigInt,
        order_id -> Nullable<Text>,
        event -> Text,
        created_at -> Moment,
        published_at -> Nullable<Moment>,
        product_id -> Nullable<Text>,
        available -> Nullable<Integer>,
        threshold -> Nullable<Integer>,
        traceparent -> Nullable<Text>,
    }

    pause (id) {
        id -> BigInt,
        scope -> EnumText<PauseScope>,
        scope_id -> Text,
        reason -> Text,
        begun_by -> Text,
        begun_at -> Moment,
        ends_at -> Moment,
        ended_at -> Nullable<Moment>,
        ended_by -> Nullable<Text>,
    }

    paused_message (id) {
        id -> BigInt,
        pause_id -> BigInt,
        message_id -> Text,
        body_digest -> Text,
        body -> Binary,
        kind -> Text,
        merchant -> Text,
        order_id -> Nullable<Text>,
        attempt -> Integer,
        was_dead -> Bool,
        first_seen -> Moment,
        traceparent -> Nullable<Text>,
        tracestate -> Nullable<Text>,
        waiting_since -> Moment,
    }

    product (id) {
        id -> Text,
        name -> Text,
        kind -> EnumText<ProductKind>,
        price -> Money,
        days -> Nullable<Integer>,
        resell_returned -> Bool,
        created_at -> Moment,
        low_stock -> Nullable<Integer>,
        on_sale -> Bool,
    }

    prune_mark (of_table) {
        of_table -> Text,
        removed_before -> Nullable<Moment>,
        removed -> BigInt,
        swept_at -> Nullable<Moment>,
    }

    redelivery (message_id) {
        message_id -> Text,
        count -> Integer,
        last_seen -> Moment,
        merchant -> Nullable<Text>,
        order_id -> Nullable<Text>,
    }

    refund (merchant, trade_no, refund_key) {
        merchant -> Text,
        trade_no -> Text,
        refund_key -> Text,
        request_no -> Text,
        running_total -> Nullable<Money>,
        amount -> Nullable<Money>,
        result -> Nullable<Text>,
        gmt_refund -> Nullable<Moment>,
    }

    refund_request (request_no) {
        request_no -> Text,
        merchant -> Text,
        order_id -> Text,
        trade_no -> Text,
        amount -> Money,
        is_rest -> Bool,
        reason -> Text,
        asked_by -> Text,
        state -> EnumText<RefundRequestState>,
        error -> Nullable<Text>,
        running_total -> Nullable<Money>,
        created_at -> Moment,
        asked_at -> Nullable<Moment>,
        ended_at -> Nullable<Moment>,
        due_at -> Nullable<Moment>,
        of_rejected -> Bool,
    }

    retry_copy (message_id, attempt) {
        message_id -> Text,
        attempt -> Integer,
        tier -> Text,
        merchant -> Text,
        order_id -> Nullable<Text>,
        first_seen -> Moment,
        due_at -> Moment,
    }

    review (id) {
        id -> BigInt,
        order_id -> Text,
        reason -> EnumText<ReviewReason>,
        evidence -> Text,
        state -> EnumText<ReviewState>,
        raised_at -> Moment,
        ended_at -> Nullable<Moment>,
        decision -> Nullable<Text>,
        decided_by -> Nullable<Text>,
        note -> Nullable<Text>,
    }

    stock_item (id) {
        id -> BigInt,
        product_id -> Text,
        code -> Text,
        state -> EnumText<CodeState>,
        order_id -> Nullable<Text>,
        created_at -> Moment,
        code_hash -> Nullable<Binary>,
    }

    stock_resale (id) {
        id -> BigInt,
        stock_item_id -> BigInt,
        product_id -> Text,
        code -> Text,
        order_id -> Text,
        done_by -> Text,
        reason -> Text,
        done_at -> Moment,
        code_hash -> Nullable<Binary>,
    }

    stock_withdrawal (id) {
        id -> BigInt,
        product_id -> Text,
        codes -> Integer,
        taken_by -> Text,
        reason -> Text,
        taken_at -> Moment,
        put_back_at -> Nullable<Moment>,
        put_back_by -> Nullable<Text>,
        put_back_reason -> Nullable<Text>,
    }

    stock_withdrawn_code (withdrawal_id, stock_item_id) {
        withdrawal_id -> BigInt,
        stock_item_id -> BigInt,
        code -> Text,
        code_hash -> Nullable<Binary>,
    }

    trade (order_id, trade_no) {
        order_id -> Text,
        trade_no -> Text,
        facts -> FactSet,
        gmt_create -> Nullable<Moment>,
        gmt_payment -> Nullable<Moment>,
        gmt_refund -> Nullable<Moment>,
        gmt_close -> Nullable<Moment>,
        notify_time -> Nullable<Moment>,
        refunded_fee -> Money,
        seller_email -> Nullable<Text>,
        seller_id -> Nullable<Text>,
        seller_actions -> Nullable<Text>,
        buyer_email -> Nullable<Text>,
        buyer_id -> Nullable<Text>,
        buyer_actions -> Nullable<Text>,
        receive_name -> Nullable<Text>,
        receive_address -> Nullable<Text>,
        receive_zip -> Nullable<Text>,
        receive_phone -> Nullable<Text>,
        receive_mobile -> Nullable<Text>,
        confirmed_at -> Nullable<Moment>,
    }

    // Without the columns of `PartyRow`, which are as in `trade`: for tables of more than 32 columns diesel needs a feature that
    // more than doubles its build time.
    user_order (id) {
        id -> Text,
        merchant -> Text,
        account -> Text,
        product_id -> Text,
        quantity -> Integer,
        subject -> Text,
        total_fee -> Money,
        created_at -> Moment,
        updated_at -> Moment,
        trade_no -> Nullable<Text>,
        status -> EnumNumber<OrderStatus>,
        trade_status -> EnumNumber<TradeStatusCode>,
        refund_status -> EnumNumber<RefundStatusCode>,
        refunded_fee -> Money,
        refund_dtime -> Nullable<Moment>,
        refund_finish_dtime -> Nullable<Moment>,
        notify_dtime -> Nullable<Moment>,
        paid_dtime -> Nullable<Moment>,
        confirm_dtime -> Nullable<Moment>,
        finish_dtime -> Nullable<Moment>,
        is_send_goods -> Bool,
        is_return_goods -> Bool,
        is_finish -> Bool,
        needs_review -> Bool,
        expires_at -> Nullable<Moment>,
        expired_at -> Nullable<Moment>,
    }

    worker_heartbeat (worker) {
        worker -> Text,
        host -> Text,
        version -> Text,
        started_at -> Moment,
        seen_at -> Moment,
        worker_time -> Moment,
        message_ahead_ms -> BigInt,
        messages -> Integer,
        busy_ms -> BigInt,
        held -> Integer,
        trouble -> Nullable<Text>,
    }
}
