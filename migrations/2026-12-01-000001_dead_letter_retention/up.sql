-- Old rows of letters that left the queue are removed, and their bodies with them.
DELETE b FROM dead_letter_body AS b LEFT JOIN dead_letter AS l ON l.message_id = b.message_id WHERE l.message_id IS NULL;

ALTER TABLE dead_letter_body
    ADD CONSTRAINT dead_letter_body_letter FOREIGN KEY (message_id) REFERENCES dead_letter (message_id) ON DELETE CASCADE;

INSERT INTO prune_mark (of_table) VALUES ('dead_letter');
