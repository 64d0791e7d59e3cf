import { mintCapability } from '@darkroom/contracts';
import { describe, expect, test } from 'vitest';
import { createLogger, type LoggerOptions, type LogFields } from './logger.ts';

const generationId = '019aaa11-2233-7abc-8def-0123456789ab';
const capability = mintCapability([{ id: 'k1', secret: 'm'.repeat(40) }], { generationId, index: 0, n: 1 }, 1_900_000_000_000);
const apiKey = 'rw-Zk3Jq9vX2mBt7LpWc5Nd';
const signature = 'fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024';
const presigned = `https://bucket.s3.us-east-1.amazonaws.com/staging/a?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20261122&X-Amz-Date=20261122T000000Z&X-Amz-Expires=93600&X-Amz-SignedHeaders=host&X-Amz-Security-Token=FwoGZXIvYXdzEJr&X-Amz-Signature=${signature}`;
const webhook = `https://hooks.example.com/webhooks/runware?capability=${capability}`;
const prompt = 'a lighthouse that says "hello" \\ in the fog';

/** Forms of each secret, with the words of it that must not appear in the output. */
const forms: Record<string, { text: string; secret: string | string[] }> = {
  'presigned URL': { text: presigned, secret: [signature, 'AKIAIOSFODNN7EXAMPLE', 'FwoGZXIvYXdzEJr'] },
  'presigned URL inside another one': { text: `https://a.example/?next=${encodeURIComponent(presigned)}`, secret: signature },
  'query of a presigned URL': { text: presigned.slice(presigned.indexOf('?')), secret: [signature, 'AKIAIOSFODNN7EXAMPLE'] },
  'one parameter of a presigned URL': { text: `X-Amz-Signature=${signature}`, secret: signature },
  'parameter of a presigned URL in JSON': { text: JSON.stringify({ 'X-Amz-Signature': signature }), secret: signature },
  'signed authorization header': {
    text: `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261122/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=${signature}`,
    secret: signature,
  },
  'webhook URL': { text: webhook, secret: capability.slice(-43) },
  'webhook URL inside another one': { text: `https://a.example/?u=${encodeURIComponent(webhook)}`, secret: capability.slice(-43) },
  'path and query of a webhook': { text: `POST /webhooks/runware?capability=${capability} 200`, secret: capability.slice(-43) },
  'forged capability': { text: '/webhooks/runware?capability=guess-0123456789&x=1', secret: 'guess-0123456789' },
  'bare capability': { text: `refused ${capability}`, secret: capability.slice(-43) },
  'bearer header': { text: `Authorization: Bearer ${apiKey}`, secret: apiKey },
  'bearer header in lower case': { text: `{"authorization":"bearer ${apiKey}"}`, secret: apiKey },
  'basic header': { text: `Authorization: Basic ${Buffer.from('user:Tr0ub4dor&3-and-more').toString('base64')}`, secret: 'VHIwdWI0' },
  'API key in JSON': { text: JSON.stringify({ taskType: 'authentication', apiKey }), secret: apiKey },
  'API key in JSON inside JSON': { text: JSON.stringify({ body: JSON.stringify({ apiKey }) }), secret: apiKey },
  'API key in an environment': { text: `RUNWARE_API_KEY=${apiKey} npm start`, secret: apiKey },
  'signing keys in an environment': { text: `WEBHOOK_KEYS=k1:${'q'.repeat(40)}`, secret: 'q'.repeat(40) },
  'secret access key': { text: 'S3_SECRET_ACCESS_KEY=wJalrXUtnFEMIbPxRfiCY', secret: 'wJalrXUtnFEMIbPxRfiCY' },
  'password of Redis': { text: 'connect redis://default:s3cr3t-pass@10.0.0.1:6379 failed', secret: 's3cr3t-pass' },
  'password of Redis without a user': { text: 'rediss://:s3cr3t-pass@redis.example', secret: 's3cr3t-pass' },
  'known secret in free text': { text: 'the word is xyzzy-plugh-42 today', secret: 'xyzzy-plugh-42' },
  'image of a request': { text: `data:image/png;base64,${'QUJD'.repeat(50)}`, secret: 'QUJDQUJD' },
  'prompt in JSON': { text: JSON.stringify([{ positivePrompt: prompt, width: 1024 }]), secret: ['lighthouse', 'hello', 'fog'] },
  'prompt in JSON inside JSON': {
    text: JSON.stringify({ body: JSON.stringify({ positivePrompt: prompt }) }),
    secret: ['lighthouse', 'fog'],
  },
  'prompt that was cut off': { text: `{"positivePrompt":"a lighthouse in the fo`, secret: ['lighthouse', 'fo`'] },
  'prompt as an object is printed': { text: `{ positivePrompt: 'a lighthouse in the fog', width: 1 }`, secret: ['lighthouse', 'fog'] },
};

/** Fields whose value is a secret because of their name. */
const named: LogFields = {
  apiKey,
  'X-Api-Key': apiKey,
  authorization: apiKey,
  headers: { Authorization: `Token ${apiKey}`, cookie: `session=${apiKey}` },
  secretAccessKey: apiKey,
  accessKeyId: apiKey,
  password: apiKey,
  capability: apiKey,
  uploadEndpoint: `https://bucket.example/${apiKey}`,
  webhookURL: `https://hooks.example/${apiKey}`,
  WEBHOOK_KEYS: apiKey,
  keys: [{ id: 'k1', secret: apiKey }],
  token: apiKey,
  auth: apiKey,
  sessionToken: apiKey,
  access_tokens: [apiKey],
  idempotencyKey: apiKey,
  idempotencyKeys: [apiKey],
  inputs: { referenceImages: [apiKey] },
  referenceImages: [apiKey],
  passwords: [apiKey],
};

function setup(options: Partial<LoggerOptions> = {}) {
  let output = '';
  const logger = createLogger(
    { name: 'test', level: 'debug', secrets: ['xyzzy-plugh-42'], ...options },
    { write: (line) => (output += line) },
  );
  return {
    logger,
    output: () => output,
    lines: () =>
      output
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

const circular: { text?: string; self?: unknown } = {};
circular.self = circular;

/** Every place of a line that text can come from. */
const places: Record<string, (text: string) => [LogFields, string]> = {
  message: (text) => [{}, `failed: ${text}`],
  field: (text) => [{ detail: text }, 'failed'],
  'nested field': (text) => [{ a: { b: [{ c: { d: text } }] } }, 'failed'],
  'value that is not plain': (text) => [
    { map: new Map([['k', text]]), set: new Set([text]), loop: Object.assign({}, circular, { text }) },
    'failed',
  ],
  'message of an error': (text) => [{ err: new Error(`cannot do it: ${text}`) }, 'failed'],
  'cause of an error': (text) => [{ err: new Error('outer', { cause: new TypeError('inner', { cause: new Error(text) }) }) }, 'failed'],
  'cause that is no error': (text) => [{ err: new Error('outer', { cause: { body: text } }) }, 'failed'],
  'errors of an aggregate': (text) => [{ err: new AggregateError([new Error(text)], 'all failed') }, 'failed'],
  'details of an error': (text) => [{ err: Object.assign(new Error('outer'), { details: { text }, command: { args: [text] } }) }, 'failed'],
  'error without a message of its own': (text) => [new Error(text) as unknown as LogFields, `failed: ${text}`], // a careless caller's mistake
};

describe.for(Object.entries(forms))('%s', ([, { text, secret }]) => {
  test.for(Object.entries(places))('is not in the output as %s', ([, place]) => {
    const { logger, output } = setup();
    logger.error(...place(text));
    logger.child(place(text)[0]).info({}, 'as a bound field');
    for (const word of [secret].flat()) expect(output()).not.toContain(word);
    expect(output()).toContain('[redacted]');
  });

  test('is not in a readable line', () => {
    const { logger, output } = setup({ pretty: true });
    for (const place of Object.values(places)) logger.warn(...place(text));
    for (const word of [secret].flat()) expect(output()).not.toContain(word);
  });
});

test('hides a field with a secret name at any depth and in any spelling', () => {
  const { logger, output } = setup();
  logger.info(named, 'settings');
  logger.info({ config: { runware: named } }, 'settings');
  logger.child(named).info({}, 'bound');
  expect(output()).not.toContain(apiKey);
});

test('writes prompts if they are switched on, other secrets never', () => {
  const { logger, lines } = setup({ logPrompts: true });
  logger.info({ positivePrompt: prompt, body: JSON.stringify({ positivePrompt: 'fog', apiKey }) }, 'enqueued');
  expect(lines()[0]).toMatchObject({ positivePrompt: prompt, body: '{"positivePrompt":"fog","apiKey":"[redacted]"}' });
});

test('writes other values as they are', () => {
  const { logger, lines } = setup();
  const fields = {
    taskUUID: '39571168-687a-4aec-a253-df7be20bd0d4',
    generationId,
    key: 'images/2026/11/22/a/0-1.jpg',
    url: 'https://im.runware.ai/image/a.jpg?x=1',
    sha256: 'a'.repeat(64),
    costUsd: '0.02',
    index: 0,
    none: null,
    capabilityTtlMs: 5,
    secretless: true,
    at: new Date(0),
  };
  logger.child({ queue: 'settlements' }).info(fields, 'the bearer of good news, a basic understanding');
  expect(lines()[0]).toMatchObject({ ...fields, at: '1970-01-01T00:00:00.000Z', queue: 'settlements', level: 'info', name: 'test' });
  expect(lines()[0]).toHaveProperty('msg', 'the bearer of good news, a basic understanding');
  expect(lines()[0]).toHaveProperty('time', expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/));
});

test('an error keeps its class, its code and its causes', () => {
  const { logger, lines } = setup();
  const error = Object.assign(new TypeError('outer', { cause: new RangeError('inner') }), { code: 'store.unavailable', retryable: true });
  logger.error({ err: error }, 'failed');
  expect(lines()[0]?.['err']).toMatchObject({
    type: 'TypeError',
    message: 'outer',
    code: 'store.unavailable',
    retryable: true,
    stack: expect.stringContaining('logger.test.ts'),
    cause: { type: 'RangeError', message: 'inner' },
  });
});

test('lines below the level are not written', () => {
  const { logger, output } = setup({ level: 'warn' });
  logger.info({}, 'not written');
  logger.warn({}, 'written');
  expect(output()).not.toContain('not written');
  expect(output()).toContain('written');
});

test('a readable line holds the time, the level, the message and the fields', () => {
  const { logger, output } = setup({ pretty: true });
  logger.warn({ code: 'store.unavailable', details: { attempt: 2 }, err: new Error('no answer') }, 'store is away');
  expect(output()).toMatch(
    /^\d\d:\d\d:\d\d  warn   test  store is away  code=store\.unavailable  details={"attempt":2}  err=Error: no answer\n$/,
  );
});
