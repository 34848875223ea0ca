<?php
// php place_order.php PRODUCT QUANTITY [ACCOUNT]    prints the number of the new order
require __DIR__ . '/database.php';

[, $product, $quantity] = $argv;
$account = $argv[3] ?? '';                      // whom a subscription belongs to
$number = 'S' . bin2hex(random_bytes(16));      // used once, and nobody can guess it

$place = $db->prepare(
    'INSERT INTO user_order (id, merchant, account, product_id, quantity, subject, total_fee, expires_at)
     SELECT ?, ?, ?, id, ?, name, price * ?, UTC_TIMESTAMP(6) + INTERVAL 30 MINUTE
     FROM product WHERE id = ? AND on_sale'
);
$place->execute([$number, getenv('MERCHANT'), $account, (int) $quantity, (int) $quantity, $product]);
if ($place->rowCount() === 0) {
    throw new RuntimeException("$product is not on sale");
}
// PDO commits at once here. In a transaction: commit first, and only then give the buyer the link.
echo $number, "\n";
