-- A message that comes back without an answer is counted before it is worked on: the order that it names stands beside the
-- count, so that whoever looks at the order sees it although no worker has lived to write it into the inbox.
ALTER TABLE redelivery
    ADD COLUMN merchant VARBINARY(64) NULL,
    ADD COLUMN order_id VARBINARY(64) NULL COMMENT 'the order that it names',
    ADD KEY redelivery_order (order_id);

-- Dead letters that have no row in notification and name an order: of messages that nobody can read, and of those that kill
-- the worker that writes that row. Removed when an operator replays or discards the letter.
CREATE TABLE dead_letter (
    message_id VARBINARY(64) NOT NULL PRIMARY KEY,
    merchant   VARBINARY(64) NOT NULL,
    order_id   VARBINARY(64) NOT NULL,
    reason     VARCHAR(64)   NOT NULL,
    error      TEXT          NOT NULL,
    died_at    DATETIME(6)   NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    KEY dead_letter_order (order_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
