-- Orders about which Alipay's gateway is to be asked, one row an order. No foreign key: it would make
-- writing a row wait for whoever has the order locked.
CREATE TABLE gateway_query (
    order_id   VARBINARY(64)  NOT NULL PRIMARY KEY,
    merchant   VARBINARY(64)  NOT NULL,
    why        VARBINARY(64)  NOT NULL COMMENT 'unpaid, silent, in_doubt, or who asks: return_page, ops',
    due_at     DATETIME(6)    NOT NULL COMMENT 'when it is asked next; while it is asked, when another worker may',
    asked      INT            NOT NULL DEFAULT 0 COMMENT 'questions that were answered',
    asked_at   DATETIME(6)    NULL COMMENT 'the latest question',
    answer     VARCHAR(64)    NULL COMMENT 'the latest answer: a trade_status, or TRADE_NOT_EXIST',
    error      TEXT           NULL COMMENT 'why the latest question has no answer',
    created_at DATETIME(6)    NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    KEY gateway_query_due (merchant, due_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- How far the orders have been looked through, by (created_at, id). Each kind goes through them twice,
-- the second time an hour later: an order that was committed late has an old created_at.
CREATE TABLE gateway_query_cursor (
    name       VARBINARY(32)  NOT NULL PRIMARY KEY,
    reached    DATETIME(6)    NOT NULL,
    reached_id VARBINARY(64)  NOT NULL DEFAULT ''
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Sixteen days: Alipay closes what is unpaid after fifteen.
INSERT INTO gateway_query_cursor (name, reached) VALUES
    ('unpaid', UTC_TIMESTAMP(6) - INTERVAL 16 DAY),
    ('unpaid_late', UTC_TIMESTAMP(6) - INTERVAL 16 DAY),
    ('silent', UTC_TIMESTAMP(6) - INTERVAL 16 DAY),
    ('silent_late', UTC_TIMESTAMP(6) - INTERVAL 16 DAY);

ALTER TABLE user_order ADD KEY user_order_created (created_at);

ALTER TABLE trade ADD COLUMN confirmed_at DATETIME(6) NULL
    COMMENT 'when the gateway or a person last said that the money is there' AFTER notify_time;
