-- Events for the shop, written with what they tell of and published after the commit.
CREATE TABLE outbox (
    id           BIGINT        NOT NULL AUTO_INCREMENT PRIMARY KEY,
    order_id     VARBINARY(64) NOT NULL,
    event        VARBINARY(64) NOT NULL,
    created_at   DATETIME(6)   NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    published_at DATETIME(6)   NULL,
    UNIQUE KEY outbox_event (order_id, event),
    KEY outbox_unpublished (published_at, id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
