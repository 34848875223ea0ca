DROP TABLE alarm_message;
DROP TABLE alarm;
