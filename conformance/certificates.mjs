// What only certificate mode has: numbers of certificates, their refusals, the download.
// Arguments: the folder of the stage that `conformance/run` has set.

import { readFileSync } from 'node:fs';
import { AlipaySdk } from 'alipay-sdk';
import { checks, openStage } from './stage.mjs';

const folder = process.argv[2];
const { that, equal, finish } = checks('Node SDK, certificates');
const query = (stage) => stage.call('alipay.trade.query', { out_trade_no: 'NODE-NOT-THERE' });
const inBeijing = (date) => new Date(date.getTime() + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');
const code = (answer) => answer.subCode ?? answer.sub_code;

try {
  const stage = openStage(folder);
  const own = stage.sdk.config;
  equal('the right certificates are asked nothing', code(await query(stage)), 'ACQ.TRADE_NOT_EXIST');

  // Two roots: the number is that of the RSA one alone.
  that('the number of the roots', /^[0-9a-f]{32}$/.test(own.alipayRootCertSn), own.alipayRootCertSn);

  const raw = await fetch(stage.gateway, { method: 'POST', body: new URLSearchParams({
    app_id: stage.app_id, method: 'alipay.trade.query', charset: 'utf-8', version: '1.0', sign_type: 'RSA2',
    timestamp: inBeijing(new Date()), biz_content: '{}', sign: 'none',
  }) });
  const answer = await raw.json();
  equal('an answer names the certificate as the SDK counts it', answer.alipay_cert_sn, own.alipayCertSn);
  equal('numbers are missing', answer.alipay_trade_query_response.sub_code, 'isv.missing-app-cert-sn');

  // Certificates of another authority. The SDK looks at the signature of refusals, too: it is not of its Alipay.
  const unchecked = (sdk) => sdk.exec('alipay.trade.query', { bizContent: { out_trade_no: '1' } }, { validateSign: false });
  equal('another application certificate', code(await unchecked(openStage(folder, 'foreign').sdk)), 'isv.app-cert-not-exist');
  const roots = new AlipaySdk({ ...own, alipayRootCertPath: `${folder}/foreign/alipayRootCert.crt` });
  equal('other roots', code(await unchecked(roots)), 'isv.invalid-alipay-root-cert-sn');
  const wrong = new AlipaySdk({ ...own, alipayPublicCertPath: `${folder}/foreign/alipayCertPublicKey_RSA2.crt` });
  const refused = await wrong.exec('alipay.trade.query', { bizContent: { out_trade_no: '1' } }, { validateSign: true }).then(
    () => 'accepted', (error) => error.code ?? error.name);
  that('an answer of another Alipay is refused by the SDK', refused !== 'accepted', refused);

  const unknown = await stage.call('alipay.open.app.alipaycert.download', { alipay_cert_sn: '0'.repeat(32) });
  equal('download of an unknown certificate', code(unknown), 'isv.alipay-cert-not-exist');
  const downloaded = await stage.call('alipay.open.app.alipaycert.download', { alipay_cert_sn: own.alipayCertSn });
  const file = readFileSync(`${folder}/certs/alipayCertPublicKey_RSA2.crt`, 'utf8');
  equal('download of its own', Buffer.from(downloaded.alipayCertContent ?? '', 'base64').toString('utf8'), file);
} catch (error) {
  that('runs to its end', false, error.stack);
}
finish();
