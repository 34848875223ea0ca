-- What `ops prune` and the workers' retention sweeper have removed from the tables that only grow: the story of an order tells from
-- when on it is complete. The row is locked while rows of its table are removed, so that two do not count the same rows.
CREATE TABLE prune_mark (
    of_table       VARBINARY(64) NOT NULL PRIMARY KEY,
    removed_before DATETIME(6)   NULL COMMENT 'rows whose time is before this may be missing; NULL: all are there',
    removed        BIGINT        NOT NULL DEFAULT 0 COMMENT 'how many rows, in all',
    swept_at       DATETIME(6)   NULL COMMENT 'of the row of notification: when a worker began to sweep all tables'
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

INSERT INTO prune_mark (of_table) VALUES
    ('notification'), ('outbox'), ('gateway_answer'), ('order_expired'), ('redelivery');
