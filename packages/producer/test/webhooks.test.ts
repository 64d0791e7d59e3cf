import { deriveWebhookSecret, signNotification, webhookSecretsOf, type CapabilityKey } from '@darkroom/contracts';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { verifyWebhook, WebhookSignatureError } from '../src/webhooks/index.ts';

const key: CapabilityKey = { id: 'k1', secret: 'a master key of more than thirty-two characters' };
const name = { tenant: 'acme', endpointId: 'we_1' };
const NOW = Date.UTC(2026, 10, 30);
const id = '0193-succeeded';
const body = JSON.stringify({
  type: 'generation.succeeded',
  timestamp: new Date(NOW).toISOString(),
  data: { eventId: id, costUsd: '0.02' },
});
const now = () => NOW;

/** Signs by the clock of this process, which the other library has no way to replace. */
const signNow = (secrets: readonly string[], text = body, secondsAgo = 0) =>
  signNotification(secrets, { id, timestamp: Math.floor(Date.now() / 1000) - secondsAgo, body: text });

test('the standardwebhooks package and verifyWebhook accept each signature of a rotation', () => {
  const [fresh = '', old = ''] = webhookSecretsOf([key], { ...name, versions: [2, 1] });
  const headers = signNow([fresh, old]);
  for (const secret of [fresh, old]) {
    expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
    expect(verifyWebhook(body, headers, secret)).toEqual(JSON.parse(body));
    expect(verifyWebhook(Buffer.from(body), new Headers(headers), [secret])).toEqual(JSON.parse(body));
  }
});

test('verifyWebhook accepts what the standardwebhooks package signs', () => {
  const secret = deriveWebhookSecret(key, { ...name, version: 1 });
  const at = new Date();
  const headers = { 'Webhook-Id': id, 'WEBHOOK-TIMESTAMP': String(Math.floor(at.getTime() / 1000)) };
  const signature = new Webhook(secret).sign(id, at, body);
  expect(verifyWebhook(body, { ...headers, 'webhook-signature': [`v1a,${'a'.repeat(40)} ${signature}`] }, secret)).toMatchObject({
    type: 'generation.succeeded',
  });
});

test('a secret follows from key, tenant, endpoint and version, each of which changes it', () => {
  const one = { ...name, version: 1 };
  const secrets = [
    deriveWebhookSecret(key, one),
    deriveWebhookSecret({ ...key, id: 'k2' }, one),
    deriveWebhookSecret({ ...key, secret: `${key.secret}!` }, one),
    deriveWebhookSecret(key, { ...one, tenant: 'acme:we' }),
    deriveWebhookSecret(key, { ...one, endpointId: 'we_2' }),
    deriveWebhookSecret(key, { ...one, version: 2 }),
  ];
  expect(new Set(secrets).size).toBe(secrets.length);
  expect(deriveWebhookSecret(key, one)).toBe(secrets[0]);
  for (const secret of secrets) expect(secret).toMatch(/^whsec_[A-Za-z\d+/]{43}=$/);
});

const secret = deriveWebhookSecret(key, { ...name, version: 1 });
const good = () => signNotification([secret], { id, timestamp: NOW / 1000, body });

test.for([
  ['another body', () => verifyWebhook(`${body} `, good(), secret, { now }), 'is that of the body'],
  ['another id', () => verifyWebhook(body, { ...good(), 'webhook-id': `${id}1` }, secret, { now }), 'is that of the body'],
  ['another time', () => verifyWebhook(body, { ...good(), 'webhook-timestamp': '1' }, secret, { now }), 'is that of the body'],
  ['another secret', () => verifyWebhook(body, good(), deriveWebhookSecret(key, { ...name, version: 2 }), { now }), 'is that of the body'],
  ['a cut signature', () => verifyWebhook(body, { ...good(), 'webhook-signature': 'v1,abcd' }, secret, { now }), 'is that of the body'],
  ['a time that is no number', () => verifyWebhook(body, { ...good(), 'webhook-timestamp': '1.5' }, secret, { now }), 'no time'],
  ['no signature', () => verifyWebhook(body, { ...good(), 'webhook-signature': undefined }, secret, { now }), 'header is missing'],
  ['five minutes and more ago', () => verifyWebhook(body, good(), secret, { now: () => NOW + 301_000 }), 'more than 300 seconds'],
  ['five minutes and more ahead', () => verifyWebhook(body, good(), secret, { now: () => NOW - 301_000 }), 'more than 300 seconds'],
  ['an empty secret', () => verifyWebhook(body, good(), '', { now }), 'no secret'],
  ['no secrets', () => verifyWebhook(body, good(), [], { now }), 'no secret'],
] as const)('refuses %s', ([, verify, words]) => {
  expect(verify).toThrow(WebhookSignatureError);
  expect(verify).toThrow(words);
});

test('the standardwebhooks package refuses a changed body and one of 400 seconds ago, too', () => {
  expect(() => new Webhook(secret).verify(`${body} `, signNow([secret]))).toThrow('No matching signature');
  expect(() => new Webhook(secret).verify(body, signNow([secret], body, 400))).toThrow('too old');
  expect(() => verifyWebhook(body, signNow([secret], body, 400), secret)).toThrow(WebhookSignatureError);
});
