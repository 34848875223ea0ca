DROP TABLE gateway_answer;
