-- Not DSL: it reads several tables in one statement of subqueries.
SELECT p.id AS product_id, p.name, p.low_stock, p.on_sale,
       COALESCE(s.available, 0) AS available, COALESCE(s.delivered, 0) AS delivered,
       COALESCE(s.returned, 0) AS returned,
       COALESCE(w.orders, 0) AS waiting_orders, COALESCE(w.units, 0) AS waiting_units
FROM product AS p
LEFT JOIN (
    SELECT product_id, COUNT(IF(state = 'available', 1, NULL)) AS available,
           COUNT(IF(state = 'delivered', 1, NULL)) AS delivered, COUNT(IF(state = 'returned', 1, NULL)) AS returned
    FROM stock_item GROUP BY product_id
) AS s ON s.product_id = p.id
LEFT JOIN (
    SELECT product_id, COUNT(*) AS orders, CAST(SUM(units) AS SIGNED) AS units
    FROM fulfillment WHERE state = 'awaiting_stock' GROUP BY product_id
) AS w ON w.product_id = p.id
WHERE p.kind = 'stock'
ORDER BY p.id
