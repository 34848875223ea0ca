DROP TABLE dead_letter_note;
