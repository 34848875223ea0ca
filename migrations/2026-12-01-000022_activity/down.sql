ALTER TABLE dead_letter DROP KEY dead_letter_first_died;
ALTER TABLE fulfillment DROP KEY fulfillment_delivered;
