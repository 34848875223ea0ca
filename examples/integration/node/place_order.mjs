// node place_order.mjs PRODUCT QUANTITY [ACCOUNT]    prints the number of the new order
import { randomBytes } from 'node:crypto';
import { db } from './database.mjs';

const [product, quantity, account = ''] = process.argv.slice(2);
const number = 'S' + randomBytes(16).toString('hex'); // used once, and nobody can guess it

const [placed] = await db.execute(
  `INSERT INTO user_order (id, merchant, account, product_id, quantity, subject, total_fee, expires_at)
   SELECT ?, ?, ?, id, ?, name, price * ?, UTC_TIMESTAMP(6) + INTERVAL 30 MINUTE
   FROM product WHERE id = ? AND on_sale`,
  [number, process.env.MERCHANT, account, quantity, quantity, product],
);
// The pool commits at once. In a transaction: commit first, and only then give the buyer the link.
await db.end();
if (placed.affectedRows === 0) throw new Error(`${product} is not on sale`);
console.log(number);
