<?php
// php order_state.php ORDER    prints what to show the buyer, and then a line for each code
require __DIR__ . '/database.php';

$select = $db->prepare(
    'SELECT o.status, o.paid_dtime IS NOT NULL AS was_paid, f.state AS goods
     FROM user_order o LEFT JOIN fulfillment f ON f.order_id = o.id
     WHERE o.id = ? AND o.merchant = ?'
);
$select->execute([$argv[1], getenv('MERCHANT')]);
$order = $select->fetch(PDO::FETCH_ASSOC) ?: throw new RuntimeException('no such order');

$paid = in_array((int) $order['status'], [8, 4, 106], true);
if ($paid && $order['goods'] === 'delivered') {
    echo "delivered\n";
    $codes = $db->prepare('SELECT code FROM shop_code WHERE order_id = ? ORDER BY id');
    $codes->execute([$argv[1]]);
    foreach ($codes->fetchAll(PDO::FETCH_COLUMN) as $code) {
        echo $code, "\n";
    }
} elseif ($paid) {
    echo "paid, goods to come\n";               // out of stock, or a person delivers
} else {
    echo match ((int) $order['status']) {
        0 => "not paid yet\n",
        32 => $order['was_paid'] ? "being checked\n" : "closed\n",
        105 => "refunded\n",
    };
}
