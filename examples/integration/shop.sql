-- The shop's own things in the pipeline's schema. Names that begin with shop_ are never used by the pipeline.

-- Events that the shop has handled: an event can come more than once, its id is always the same.
CREATE TABLE shop_event (
    id         VARBINARY(255) NOT NULL PRIMARY KEY,
    handled_at DATETIME(6)    NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    KEY shop_event_handled (handled_at)
);

-- Codes that buyers have now: the shop's account sees no code that is not sold.
CREATE SQL SECURITY DEFINER VIEW shop_code AS
SELECT id, order_id, CAST(code AS CHAR CHARACTER SET utf8mb4) AS code FROM stock_item WHERE state = 'delivered';

CREATE USER 'shop'@'%' IDENTIFIED BY 'PASSWORD';
GRANT SELECT ON alipay.product TO 'shop'@'%';
GRANT SELECT ON alipay.user_order TO 'shop'@'%';
GRANT INSERT (id, merchant, account, product_id, quantity, subject, total_fee, expires_at) ON alipay.user_order TO 'shop'@'%';
GRANT SELECT ON alipay.fulfillment TO 'shop'@'%';
GRANT SELECT ON alipay.entitlement TO 'shop'@'%';
GRANT SELECT ON alipay.entitlement_end TO 'shop'@'%';
GRANT SELECT ON alipay.shop_code TO 'shop'@'%';
GRANT SELECT, INSERT, DELETE ON alipay.shop_event TO 'shop'@'%';
