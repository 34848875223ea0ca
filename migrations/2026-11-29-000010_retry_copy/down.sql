DROP TABLE retry_copy;
