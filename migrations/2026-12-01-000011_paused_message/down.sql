DROP TABLE paused_message;
