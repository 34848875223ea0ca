ALTER TABLE notification DROP COLUMN long_changes;
