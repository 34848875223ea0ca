-- For the charts of the console: what was delivered and what died lately is read from the ends of keys.
ALTER TABLE fulfillment ADD KEY fulfillment_delivered (delivered_at);
ALTER TABLE dead_letter ADD KEY dead_letter_first_died (first_died_at);
