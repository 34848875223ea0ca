<?php
// php events.php    handles the events of orders for ever; ends on any error, and is started again
require 'PhpAmqpLib/autoload.php';              // Debian's php-amqplib; with composer: vendor/autoload.php
require __DIR__ . '/database.php';

use PhpAmqpLib\Connection\AMQPStreamConnection;
use PhpAmqpLib\Message\AMQPMessage;

function handle(PDO $db, string $body): void
{
    $event = json_decode($body, true, 16, JSON_THROW_ON_ERROR);
    $db->beginTransaction();
    $first = $db->prepare('INSERT IGNORE INTO shop_event (id) VALUES (?)');
    $first->execute([$event['id']]);
    if ($first->rowCount() === 1 && isset($event['order'])) {
        // Here the shop does its work, in the same transaction: it reads the order's row and acts on that.
        echo $event['event'], ' ', $event['order'], "\n";
    }
    $db->commit();
}

$url = parse_url(getenv('AMQP_URL'));
$broker = new AMQPStreamConnection(
    $url['host'],
    $url['port'] ?? 5672,
    urldecode($url['user']),
    urldecode($url['pass']),
    urldecode(substr($url['path'], 1)),             // the virtual host: %2f is /
    read_write_timeout: 130.0,
    heartbeat: 60                                   // a broker that vanished is noticed after two minutes
);
$channel = $broker->channel();
$channel->basic_qos(0, 16, false);
$channel->basic_consume('alipay.events.shop', '', false, false, false, false, function (AMQPMessage $message) use ($db) {
    handle($db, $message->getBody());
    $message->ack();                            // after the commit: until then the broker keeps the event
});
while ($channel->is_consuming()) {
    $channel->wait();
}
