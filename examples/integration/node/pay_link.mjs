// node pay_link.mjs ORDER    prints the address to which the shop redirects the buyer
import { createSign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { db } from './database.mjs';

const number = process.argv[2];
const [[order]] = await db.execute(
  `SELECT subject, CAST(total_fee AS CHAR) AS fen,
     DATE_FORMAT(expires_at + INTERVAL 8 HOUR, '%Y-%m-%d %H:%i:%s') AS time_expire
   FROM user_order
   WHERE id = ? AND merchant = ? AND status = 0 AND trade_status IN (0, 1)
     AND (expires_at IS NULL OR expires_at > UTC_TIMESTAMP(6))`,
  [number, process.env.MERCHANT],
);
await db.end();
if (!order) throw new Error('this order cannot be paid');

const fen = order.fen.padStart(3, '0');
const form = {
  app_id: process.env.ALIPAY_APP_ID,
  method: 'alipay.trade.page.pay',
  format: 'JSON',
  charset: 'utf-8',
  sign_type: 'RSA2',
  timestamp: new Date(Date.now() + 8 * 3600_000).toISOString().slice(0, 19).replace('T', ' '), // Beijing time
  version: '1.0',
  notify_url: process.env.NOTIFY_URL,
  return_url: process.env.RETURN_URL,
  biz_content: JSON.stringify({
    out_trade_no: number,
    product_code: 'FAST_INSTANT_TRADE_PAY',
    total_amount: `${fen.slice(0, -2)}.${fen.slice(-2)}`, // fen to yuan, without floating point
    subject: order.subject,
    time_expire: order.time_expire ?? undefined, // Beijing time
  }),
};
const text = Object.keys(form).sort().map((name) => `${name}=${form[name]}`).join('&');
const key = readFileSync(process.env.ALIPAY_APP_KEY_FILE);
form.sign = createSign('RSA-SHA256').update(text).sign(key, 'base64');

console.log(`${process.env.ALIPAY_GATEWAY}?${new URLSearchParams(form)}`);
