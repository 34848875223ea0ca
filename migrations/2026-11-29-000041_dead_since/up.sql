-- When a dead letter of the message was made that may still lie in alipay.dead: the same rejected message makes no second
-- one meanwhile.
ALTER TABLE notification ADD COLUMN dead_since DATETIME(6) NULL COMMENT 'a dead letter of it was made then';
