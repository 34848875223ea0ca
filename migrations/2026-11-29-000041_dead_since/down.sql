ALTER TABLE notification DROP COLUMN dead_since;
