<?php
// php pay_link.php ORDER    prints the address to which the shop redirects the buyer
require __DIR__ . '/database.php';

$select = $db->prepare(
    "SELECT subject, total_fee, DATE_FORMAT(expires_at + INTERVAL 8 HOUR, '%Y-%m-%d %H:%i:%s') AS time_expire
     FROM user_order
     WHERE id = ? AND merchant = ? AND status = 0 AND trade_status IN (0, 1)
       AND (expires_at IS NULL OR expires_at > UTC_TIMESTAMP(6))"
);
$select->execute([$argv[1], getenv('MERCHANT')]);
$order = $select->fetch(PDO::FETCH_ASSOC) ?: throw new RuntimeException('this order cannot be paid');

$content = [
    'out_trade_no' => $argv[1],
    'product_code' => 'FAST_INSTANT_TRADE_PAY',
    'total_amount' => sprintf('%d.%02d', intdiv($order['total_fee'], 100), $order['total_fee'] % 100), // fen to yuan
    'subject' => $order['subject'],
];
if ($order['time_expire'] !== null) {
    $content['time_expire'] = $order['time_expire'];    // Beijing time
}
$form = [
    'app_id' => getenv('ALIPAY_APP_ID'),
    'method' => 'alipay.trade.page.pay',
    'format' => 'JSON',
    'charset' => 'utf-8',
    'sign_type' => 'RSA2',
    'timestamp' => (new DateTime('now', new DateTimeZone('Asia/Shanghai')))->format('Y-m-d H:i:s'),
    'version' => '1.0',
    'notify_url' => getenv('NOTIFY_URL'),
    'return_url' => getenv('RETURN_URL'),
    'biz_content' => json_encode($content, JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR),
];
ksort($form, SORT_STRING);
$text = implode('&', array_map(fn ($name) => "$name=$form[$name]", array_keys($form)));
if (!openssl_sign($text, $signature, 'file://' . getenv('ALIPAY_APP_KEY_FILE'), OPENSSL_ALGO_SHA256)) {
    throw new RuntimeException('the private key cannot be used');
}
$form['sign'] = base64_encode($signature);

echo getenv('ALIPAY_GATEWAY'), '?', http_build_query($form), "\n";
