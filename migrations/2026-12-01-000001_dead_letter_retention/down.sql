DELETE FROM prune_mark WHERE of_table = 'dead_letter';
