// node events.mjs    handles the events of orders for ever; ends on any error, and is started again
import amqp from 'amqplib';
import { db } from './database.mjs';

async function handle(body) {
  const event = JSON.parse(body);
  const connection = await db.getConnection();
  try {
    await connection.beginTransaction();
    const [first] = await connection.execute('INSERT IGNORE INTO shop_event (id) VALUES (?)', [event.id]);
    if (first.affectedRows === 1 && event.order) {
      // Here the shop does its work, in the same transaction: it reads the order's row and acts on that.
      console.log(`${event.event} ${event.order}`);
    }
    await connection.commit();
  } finally {
    connection.release();
  }
}

const broker = await amqp.connect(process.env.AMQP_URL);
broker.on('close', () => process.exit(1));
const channel = await broker.createChannel();
await channel.prefetch(16);
await channel.consume('alipay.events.shop', async (message) => {
  if (!message) process.exit(1); // the broker has ended the consumer
  await handle(message.content);
  channel.ack(message); // after the commit: until then the broker keeps the event
});
