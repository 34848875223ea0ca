<?php
// The baseline of the bench: the usual notification script of a shop, as well as it can be done in one request.
// It verifies MD5, and in one transaction marks the order as paid and gives it a code. Connections are persistent.
// DATABASE_* and MD5_KEY come from php-fpm's configuration.

function fail(int $status, string $text): never
{
    http_response_code($status);
    exit($text);
}

$params = $_POST;
$sign = $params['sign'] ?? '';
unset($params['sign'], $params['sign_type']);
$params = array_filter($params, fn($value) => $value !== '');
ksort($params, SORT_STRING);
$text = implode('&', array_map(fn($name, $value) => "$name=$value", array_keys($params), $params));
if (!hash_equals(md5($text . getenv('MD5_KEY')), $sign)) {
    fail(400, 'fail');
}

$dsn = 'mysql:host=' . getenv('DATABASE_HOST') . ';port=' . getenv('DATABASE_PORT') . ';dbname=' . getenv('DATABASE_NAME') . ';charset=utf8mb4';
$db = new PDO($dsn, getenv('DATABASE_USER'), getenv('DATABASE_PASSWORD') ?: '', [
    PDO::ATTR_PERSISTENT => true,
    PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
    PDO::ATTR_EMULATE_PREPARES => true, // one round trip a statement
]);

if ($_POST['trade_status'] !== 'TRADE_SUCCESS') {
    exit('success');
}
$db->beginTransaction();
$query = $db->prepare('SELECT product_id, total_fee, is_send_goods FROM user_order WHERE id = ? FOR UPDATE');
$query->execute([$_POST['out_trade_no']]);
$order = $query->fetch(PDO::FETCH_ASSOC);
if (!$order || (int) round($_POST['total_fee'] * 100) !== (int) $order['total_fee']) {
    $db->rollBack();
    fail(400, 'fail');
}
if ($order['is_send_goods']) {
    $db->rollBack();
    exit('success');
}
$query = $db->prepare("SELECT id FROM stock_item WHERE product_id = ? AND state = 'available' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED");
$query->execute([$order['product_id']]);
$code = $query->fetchColumn();
if ($code === false) {
    $db->rollBack();
    fail(500, 'fail');
}
$db->prepare("UPDATE stock_item SET state = 'delivered', order_id = ? WHERE id = ?")->execute([$_POST['out_trade_no'], $code]);
$db->prepare('UPDATE user_order SET trade_no = ?, status = 8, trade_status = 8, refund_status = 0, buyer_email = ?, buyer_id = ?,
    seller_email = ?, seller_id = ?, notify_dtime = ?, paid_dtime = ?, is_send_goods = 1 WHERE id = ?')->execute([
    $_POST['trade_no'], $_POST['buyer_email'], $_POST['buyer_id'], $_POST['seller_email'], $_POST['seller_id'],
    $_POST['notify_time'], $_POST['gmt_payment'], $_POST['out_trade_no'],
]);
$db->commit();
exit('success');
