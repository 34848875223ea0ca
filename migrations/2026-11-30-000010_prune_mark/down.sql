DROP TABLE prune_mark;
