DELETE FROM prune_mark WHERE of_table = 'dead_letter';
ALTER TABLE dead_letter_body DROP FOREIGN KEY dead_letter_body_letter;
