-- Old rows of letters that left the queue are removed.
INSERT IGNORE INTO prune_mark (of_table) VALUES ('dead_letter');
