-- What the shop sells. Keys compare by byte (VARBINARY), amounts are fen, times are UTC.
CREATE TABLE product (
    id              VARBINARY(64)  NOT NULL PRIMARY KEY,
    name            VARCHAR(255)   NOT NULL,
    kind            ENUM('stock', 'subscription', 'manual') NOT NULL,
    price           BIGINT         NOT NULL COMMENT 'fen',
    days            INT            NULL COMMENT 'length of a subscription',
    resell_returned BOOLEAN        NOT NULL DEFAULT FALSE COMMENT 'a returned code may be sold again',
    created_at      DATETIME(6)    NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    CONSTRAINT product_price_positive CHECK (price > 0),
    CONSTRAINT product_subscription_has_days CHECK (kind <> 'subscription' OR days > 0)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
