// The stage that `conformance/run` has set, and the counting of checks.

import { existsSync, readFileSync } from 'node:fs';
import { AlipaySdk } from 'alipay-sdk';

/** The official SDK for the stage's application; with certificates where the stage has some. */
export function openStage(folder, certificates = 'certs') {
  const read = (file) => readFileSync(`${folder}/${file}`, 'utf8');
  const setting = JSON.parse(read('stage.json'));
  const isCertificateMode = existsSync(`${folder}/${certificates}`);
  const keys = isCertificateMode
    ? {
        privateKey: read(`${certificates}/app_private.pem`),
        appCertPath: `${folder}/${certificates}/appCertPublicKey.crt`,
        alipayPublicCertPath: `${folder}/${certificates}/alipayCertPublicKey_RSA2.crt`,
        alipayRootCertPath: `${folder}/${certificates}/alipayRootCert.crt`,
      }
    : {
        privateKey: read('app/alipay_private.pem'),
        alipayPublicKey: read('alipay/alipay_public.pem'),
      };
  const sdk = new AlipaySdk({ appId: setting.app_id, keyType: 'PKCS8', gateway: setting.gateway, ...keys });
  const call = (method, bizContent) => sdk.exec(method, { bizContent }, { validateSign: true });
  return { sdk, call, isCertificateMode, ...setting };
}

/** Counts checks and prints a line for each. */
export function checks(title) {
  let passed = 0;
  let failed = 0;
  function that(name, holds, evidence = '') {
    holds ? passed++ : failed++;
    console.log(`${holds ? 'ok    ' : 'FAILED'} ${title}: ${name}` + (holds ? '' : `\n       ${String(evidence).slice(0, 500)}`));
  }
  function equal(name, found, expected) {
    that(name, JSON.stringify(found) === JSON.stringify(expected), `${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
  }
  function finish() {
    console.log(`${passed} passed, ${failed} failed`);
    process.exit(failed ? 1 : 0);
  }
  return { that, equal, finish };
}
