-- A batch refund of a thousand orders changes more than the column changes holds (65,535 bytes). A column of its own is added
-- at once; a larger type for the old one would write the whole table anew.
ALTER TABLE notification ADD COLUMN long_changes MEDIUMTEXT NULL
    COMMENT 'in the place of changes, where that is longer than 65,535 bytes';
