// node order_state.mjs ORDER    prints what to show the buyer, and then a line for each code
import { db } from './database.mjs';

const number = process.argv[2];
const [[order]] = await db.execute(
  `SELECT o.status, o.paid_dtime IS NOT NULL AS was_paid, f.state AS goods
   FROM user_order o LEFT JOIN fulfillment f ON f.order_id = o.id
   WHERE o.id = ? AND o.merchant = ?`,
  [number, process.env.MERCHANT],
);
if (!order) throw new Error('no such order');

const paid = [8, 4, 106].includes(order.status);
if (paid && order.goods === 'delivered') {
  console.log('delivered');
  const [codes] = await db.execute('SELECT code FROM shop_code WHERE order_id = ? ORDER BY id', [number]);
  for (const { code } of codes) console.log(code);
} else if (paid) {
  console.log('paid, goods to come'); // out of stock, or a person delivers
} else {
  console.log({ 0: 'not paid yet', 32: order.was_paid ? 'being checked' : 'closed', 105: 'refunded' }[order.status]);
}
await db.end();
