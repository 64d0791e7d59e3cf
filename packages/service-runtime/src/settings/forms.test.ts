import { ConfigError } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { listenSettings, redisSettings, runwareSettings } from './groups.ts';
import { readSettings } from './read-settings.ts';
import { s3Settings } from './s3.ts';
import { webhookSettings } from './webhook.ts';

const schemas = { redis: redisSettings, s3: s3Settings, runware: runwareSettings, webhook: webhookSettings, listen: listenSettings(3001) };
const right = { REDIS_URL: 'redis://127.0.0.1', S3_BUCKET: 'darkroom', RUNWARE_API_KEY: 'rw-key', WEBHOOK_KEYS: `a:${'k'.repeat(32)}` };

/** Problems of settings, as name and message. */
function told(env: Readonly<Record<string, string>>): [string, string][] {
  try {
    readSettings(schemas, { ...right, ...env });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.message).not.toContain('hunter2');
    return error.problems.map(({ path, message }) => [path, message]);
  }
}

const addresses: [string, RegExp][] = [
  ['s3.example:9000', /does not begin with http/],
  ['//s3.example', /does not begin with http/],
  ['s3://bucket', /begins with something other/],
  ['ftp://s3.example', /begins with something other/],
  ['https://user:hunter2@s3.example', /has a user or a password/],
  ['https://hunter2@s3.example', /has a user or a password/],
  ['https://s3.example?key=hunter2', /has a query/],
  ['https://s3.example/?key=hunter2', /has a query/],
  ['https://s3.example/#hunter2', /has a fragment/],
  ['https://s3.example ', /has a blank/],
  ['https://s3.example\n', /has a blank, line break/],
  ['"https://s3.example"', /has a quote/],
  ['https://<host>', /has a quote or bracket/],
  ['https://', /has no host/],
  ['https://:9000', /has no host/],
  ['https://s3.example:', /has an invalid port/],
  ['https://s3.example:0', /has an invalid port/],
  ['https://s3.example:99999', /an invalid port/],
  ['https://s3.example\\x', /backslash/],
  [`https://${'a'.repeat(3000)}`, /has more than 2048/],
];

test.each([
  ...['S3_ENDPOINT', 'S3_PUBLIC_ENDPOINT', 'RUNWARE_URL', 'WEBHOOK_BASE_URL'].flatMap((name) =>
    addresses.map(([value, words]): [string, string, RegExp] => [name, value, words]),
  ),
  ['S3_ENDPOINT', 'https://s3.example/bucket', /has a path/],
  ['S3_ENDPOINT', 'https://s3.example/..', /has a path/],
  ['S3_ENDPOINT', 'https://darkroom.s3.eu-west-1.amazonaws.com', /has the bucket in its host/],
  ['S3_PUBLIC_ENDPOINT', 'https://s3.example/bucket/', /has a path/],
  ['S3_BUCKET', 's3://photos', /is an address/],
  ['S3_BUCKET', 'https://photos.s3.amazonaws.com', /is an address/],
  ['S3_BUCKET', 'arn:aws:s3:::photos', /is an ARN/],
  ['S3_BUCKET', 'photos/darkroom', /has a slash/],
  ['S3_BUCKET', 'photos/', /has a slash/],
  ['S3_BUCKET', 'Photos', /has upper-case/],
  ['S3_BUCKET', 'my_photos', /has "_"/],
  ['S3_BUCKET', ' photos', /has a blank/],
  ['S3_BUCKET', 'photos\n', /has a blank or line break/],
  ['S3_BUCKET', '"photos"', /has a character/],
  ['S3_BUCKET', 'ab', /has 2 characters/],
  ['S3_BUCKET', 'a'.repeat(64), /has 64 characters/],
  ['S3_BUCKET', '-photos', /begins or ends/],
  ['S3_BUCKET', 'photos.', /begins or ends/],
  ['S3_BUCKET', 'my..photos', /has a "\."/],
  ['S3_BUCKET', '192.168.0.1', /is an IP address/],
  ['S3_REGION', 'eu-west-1a', /is an availability zone/],
  ['S3_REGION', 's3.eu-west-1.amazonaws.com', /is an address/],
  ['S3_REGION', 'eu west 1', /has a blank/],
  ['S3_REGION', 'eu_west_1', /has a character/],
  ['S3_REGION', '-eu', /has a character/],
  ['RUNWARE_API_KEY', 'Bearer hunter2', /begins with "Bearer"/],
  ['RUNWARE_API_KEY', 'bearer\thunter2', /begins with "Bearer"/],
  ['RUNWARE_API_KEY', 'hunter2\n', /before or after/],
  ['RUNWARE_API_KEY', ' hunter2', /before or after/],
  ['RUNWARE_API_KEY', 'hunt er2', /blank or line break in it/],
  ['RUNWARE_API_KEY', '"hunter2"', /has quotes/],
  ['RUNWARE_API_KEY', "'hunter2'", /has quotes/],
  ['RUNWARE_API_KEY', '“hunter2”', /has quotes/],
  ['RUNWARE_API_KEY', '${RUNWARE_API_KEY}', /is a placeholder/],
  ['RUNWARE_API_KEY', '<your key>', /blank|placeholder/],
  ['RUNWARE_API_KEY', 'hunter2\u200b', /not ASCII/],
  ['HOST', 'http://0.0.0.0', /is an address/],
  ['HOST', '0.0.0.0/0', /is an address/],
  ['HOST', '0.0.0.0:3001', /has a port/],
  ['HOST', 'localhost:3001', /has a port/],
  ['HOST', '*', /is no address/],
  ['HOST', 'my host', /has a blank/],
  ['HOST', '"0.0.0.0"', /has a character/],
  ['PORT', '3001/tcp', /must be a whole number/],
  ['PORT', ':3001', /must be a whole number/],
  ['DARKROOM_PREFIX', 'darkroom', /has no hash tag/],
  ['DARKROOM_PREFIX', '{a}{b}', /or more than one/],
  ['DARKROOM_PREFIX', '{dark*}', /a wildcard/],
  ['DARKROOM_PREFIX', '"{darkroom}"', /quote/],
  ['DARKROOM_PREFIX', '{darkroom}\n', /has a blank/],
  ['DARKROOM_PREFIX', `{${'a'.repeat(200)}}`, /has more than 128/],
] as [string, string, RegExp][])('refuses %s=%j with a reason', (name, value, words) => {
  expect(told({ [name]: value })).toEqual([[name, expect.stringMatching(words)]]);
  expect(told({ [name]: value })[0]?.[1]).toMatch(/must be|it must/);
});

test.each([
  ['S3_ENDPOINT', 'http://127.0.0.1:9000'],
  ['S3_ENDPOINT', 'https://s3.example/'],
  ['S3_ENDPOINT', 'http://[::1]:9000'],
  ['S3_ENDPOINT', 'http://seaweed'],
  ['S3_ENDPOINT', 'HTTPS://S3.example'],
  ['S3_ENDPOINT', 'https://darkroom.internal'],
  ['RUNWARE_URL', 'https://gateway.example/runware/v1'],
  ['WEBHOOK_BASE_URL', 'https://hooks.example/darkroom/'],
  ['S3_BUCKET', 'my.photos-2'],
  ['S3_BUCKET', 'abc'],
  ['S3_BUCKET', '123'],
  ['S3_BUCKET', 'photos-abc123-s3alias'],
  ['S3_REGION', 'auto'],
  ['S3_REGION', 'us-gov-west-1'],
  ['S3_REGION', 'us-west-004'],
  ['S3_REGION', 'fr-par'],
  ['S3_REGION', 'garage'],
  ['RUNWARE_API_KEY', 'abcDEF123'],
  ['RUNWARE_API_KEY', 'rw/x+"key='],
  ['HOST', '::'],
  ['HOST', '[::1]'],
  ['HOST', 'localhost'],
  ['HOST', 'pod-1.darkroom.svc'],
  ['DARKROOM_PREFIX', 'prod:{darkroom-2}'],
])('accepts %s=%s', (name, value) => {
  expect(told({ [name]: value })).toEqual([]);
});

test('removes the brackets of an address to listen on', () => {
  expect(readSettings({ listen: listenSettings(1) }, { HOST: '[::1]' }).listen.host).toBe('::1');
});

test('refuses a key of S3 with something around it, as one of Runware', () => {
  expect(told({ S3_ACCESS_KEY_ID: 'AKIA/20261129', S3_SECRET_ACCESS_KEY: 'hunter2\n' }).map(([name]) => name)).toEqual([
    'S3_ACCESS_KEY_ID',
    'S3_SECRET_ACCESS_KEY',
  ]);
});

test('lists all problems at once', () => {
  const env = { S3_BUCKET: 's3://x', S3_ENDPOINT: 'x', S3_REGION: 'a b', RUNWARE_API_KEY: 'a b', RUNWARE_URL: 'x', HOST: 'a b', PORT: 'x' };
  expect(told({ ...env, WEBHOOK_BASE_URL: 'x', DARKROOM_PREFIX: 'x', REDIS_URL: 'x' })).toHaveLength(10);
});
