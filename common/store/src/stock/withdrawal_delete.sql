-- Not DSL: rows as one JSON parameter keep the text static, whatever their number.
DELETE s FROM stock_item AS s JOIN JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) AS k ON k.id = s.id
WHERE s.state = 'available'
