// The same story as story.py, told by the official Node SDK.
// Arguments: the folder of the stage that `conformance/run` has set.

import { createServer } from 'node:http';
import { once } from 'node:events';
import { checks, openStage } from './stage.mjs';

const { sdk, call, isCertificateMode } = openStage(process.argv[2]);
const { that, equal, finish } = checks(isCertificateMode ? 'Node SDK with certificates' : 'Node SDK');

// The shop: answers `success` and keeps what it was sent.
const received = [];
const waiting = [];
const shop = createServer(async (request, response) => {
  let body = '';
  for await (const piece of request) body += piece;
  if (request.method === 'POST') {
    const notification = Object.fromEntries(new URLSearchParams(body));
    waiting.length ? waiting.shift()(notification) : received.push(notification);
  }
  response.end('success');
});
shop.listen(0, '127.0.0.1');
await once(shop, 'listening');
const here = `http://127.0.0.1:${shop.address().port}`;
function next() {
  if (received.length) return Promise.resolve(received.shift());
  return new Promise((resolve, reject) => {
    waiting.push(resolve);
    setTimeout(() => reject(new Error('no notification within 20 s')), 20_000).unref();
  });
}

async function visit(url, options = {}) {
  for (let hop = 0; hop < 5; hop++) {
    const answer = await fetch(url, { ...options, redirect: 'manual' });
    const to = answer.headers.get('location');
    if (!to) return { url, text: await answer.text() };
    url = new URL(to, url).href;
    options = {};
  }
  throw new Error('too many redirects');
}

/** Sends the form of the cashier page that pays. */
async function pay(cashier) {
  for (const [, attributes, inside] of cashier.text.matchAll(/<form([^>]*)>([\s\S]*?)<\/form>/g)) {
    const action = /action="([^"]*)"/.exec(attributes)?.[1] ?? '';
    const fields = [...inside.matchAll(/<(?:input|button)[^>]*name="([^"]*)"[^>]*value="([^"]*)"/g)].map(([, name, value]) => [name, value]);
    if (action.includes('pay') || fields.some(([name, value]) => name === 'action' && value === 'pay')) {
      return visit(new URL(action, cashier.url).href, { method: 'POST', body: new URLSearchParams(fields) });
    }
  }
  throw new Error('the cashier page has no form that pays');
}

// Until when the order can be paid, in Beijing.
const until = new Date(Date.now() + (8 * 60 + 30) * 60_000).toISOString().slice(0, 19).replace('T', ' ');
const order = 'NODE-1';
try {
  const link = sdk.pageExecute('alipay.trade.page.pay', 'GET', {
    notifyUrl: `${here}/notify`,
    returnUrl: `${here}/return`,
    bizContent: {
      out_trade_no: order,
      product_code: 'FAST_INSTANT_TRADE_PAY',
      total_amount: '10.00',
      subject: '会员 + 一年 & 100%',
      time_expire: until,
    },
  });

  const missing = await call('alipay.trade.query', { out_trade_no: 'NODE-NOT-THERE' });
  equal('query of an unknown order', missing.subCode ?? missing.sub_code, 'ACQ.TRADE_NOT_EXIST');

  const forged = await visit(link.replace('10.00', '0.01'));
  that('a changed link is refused', !forged.url.includes('/cashier/'), forged.text);

  const cashier = await visit(link);
  that('the pay link opens the cashier', cashier.url.includes('/cashier/'), cashier.text);
  that('the cashier says until when', cashier.text.includes(until), cashier.text);
  equal('query before the payment', (await call('alipay.trade.query', { out_trade_no: order })).tradeStatus, 'WAIT_BUYER_PAY');

  const back = await pay(cashier);
  const paid = await next();
  equal('notification of the payment', paid.trade_status, 'TRADE_SUCCESS');
  that('its signature verifies', sdk.checkNotifySignV2(paid));
  that('it does not verify when changed', !sdk.checkNotifySignV2({ ...paid, total_amount: '1.00' }));
  that('the return page verifies', sdk.checkNotifySignV2(Object.fromEntries(new URL(back.url).searchParams)), back.url);

  const queried = await call('alipay.trade.query', { trade_no: paid.trade_no });
  equal('query by trade_no', [queried.tradeStatus, queried.totalAmount], ['TRADE_SUCCESS', '10.00']);

  const part = { out_trade_no: order, refund_amount: '1.00', out_request_no: 'NODE-R1', refund_reason: '一件缺货' };
  const first = await call('alipay.trade.refund', part);
  equal('refund in part', [first.code, first.fundChange], ['10000', 'Y']);
  const again = await call('alipay.trade.refund', part);
  equal('the same refund again moves nothing', [again.code, again.fundChange, again.refundFee], ['10000', 'N', '1.00']);
  const refunded = await call('alipay.trade.fastpay.refund.query', { out_trade_no: order, out_request_no: 'NODE-R1' });
  equal('query of the refund', refunded.refundStatus, 'REFUND_SUCCESS');
  const notified = await next();
  equal('notification of the refund', [notified.trade_status, notified.refund_fee], ['TRADE_SUCCESS', '1.00']);
  that('its signature verifies, too', sdk.checkNotifySignV2(notified));

  const tooMuch = await call('alipay.trade.refund', { out_trade_no: order, refund_amount: '9.01', out_request_no: 'NODE-R2' });
  equal('a refund above what is left', tooMuch.code, '40004');
  const rest = await call('alipay.trade.refund', { out_trade_no: order, refund_amount: '9.00', out_request_no: 'NODE-R3' });
  equal('refund of the rest', rest.refundFee, '10.00');
  const closed = await next();
  equal('notification of the full refund', [closed.trade_status, closed.refund_fee], ['TRADE_CLOSED', '10.00']);
  that('its signature verifies as well', sdk.checkNotifySignV2(closed));
  equal('close of a closed trade', (await call('alipay.trade.close', { out_trade_no: order })).code, '40004');
} catch (error) {
  that('runs to its end', false, error.stack);
}
finish();
