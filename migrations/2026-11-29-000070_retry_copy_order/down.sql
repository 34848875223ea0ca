ALTER TABLE retry_copy DROP KEY retry_copy_order;
