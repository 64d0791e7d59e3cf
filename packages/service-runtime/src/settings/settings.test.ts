import { ConfigError, defaultTiming, pollingTiming } from '@darkroom/contracts';
import { describe, expect, test } from 'vitest';
import { listenSettings, logSettings, redisSettings, runwareSettings } from './groups.ts';
import type { Environment } from './environment.ts';
import { loadConfig, readSettings } from './read-settings.ts';
import { s3Settings } from './s3.ts';
import { spendSettings } from './spend.ts';
import { timingSettings } from './timing.ts';
import { capabilityKeySettings, webhookSettings } from './webhook.ts';

const key = 'k'.repeat(32);
const schemas = {
  redis: redisSettings,
  s3: s3Settings,
  runware: runwareSettings,
  webhook: webhookSettings,
  spend: spendSettings,
  timing: timingSettings,
  log: logSettings,
  listen: listenSettings(8080),
};
const least: Environment = { REDIS_URL: 'redis://127.0.0.1:6379', S3_BUCKET: 'darkroom', RUNWARE_API_KEY: 'rw-key' };

function problemsOf(read: () => unknown): Record<string, string> {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigError)
      return Object.fromEntries(error.problems.map(({ path, message, given }) => [path, `${message}${given ?? ''}`]));
    throw error;
  }
  return {};
}

test('unset variables have their defaults', () => {
  expect(readSettings(schemas, least)).toEqual({
    redis: { url: 'redis://127.0.0.1:6379', prefix: '{darkroom}' },
    s3: { bucket: 'darkroom', region: 'us-east-1' },
    runware: { apiKey: 'rw-key', url: 'https://api.runware.ai/v1' },
    webhook: undefined,
    spend: { named: {}, seed: { allPerDay: 25_000_000_000 } },
    timing: { ...defaultTiming, ...pollingTiming },
    log: { level: 'info', logPrompts: false },
    listen: { host: '127.0.0.1', port: 8080 },
  });
});

test('reads every variable', () => {
  const env: Environment = {
    REDIS_URL: 'rediss://:pass@redis.example:6380/1',
    DARKROOM_PREFIX: 'eu{darkroom-2}',
    S3_BUCKET: 'bucket',
    S3_REGION: 'eu-west-1',
    S3_ENDPOINT: 'http://127.0.0.1:9000',
    S3_ACCESS_KEY_ID: 'id',
    S3_SECRET_ACCESS_KEY: 'secret',
    RUNWARE_API_KEY: 'k',
    RUNWARE_URL: 'http://127.0.0.1:1234/v1',
    WEBHOOK_BASE_URL: 'https://hooks.example.com/',
    WEBHOOK_KEYS: `new:${key}, old:${'o'.repeat(40)}`,
    DAILY_CAP_USD: '12.50',
    MONTHLY_CAP_USD: '200',
    TENANT_DAILY_CAP_USD: ' 5 ',
    TENANT_MONTHLY_CAP_USD: '0.05',
    TIMING_UPLOAD_WINDOW_MS: '60000',
    LOG_LEVEL: 'debug',
    LOG_PROMPTS: 'true',
    HOST: '0.0.0.0',
    PORT: '0',
  };
  const caps = { allPerDay: 12_500_000_000, allPerMonth: 200_000_000_000, tenantPerDay: 5_000_000_000, tenantPerMonth: 50_000_000 };
  expect(readSettings(schemas, env)).toEqual({
    redis: { url: 'rediss://:pass@redis.example:6380/1', prefix: 'eu{darkroom-2}' },
    s3: {
      bucket: 'bucket',
      region: 'eu-west-1',
      endpoint: 'http://127.0.0.1:9000',
      credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    },
    runware: { apiKey: 'k', url: 'http://127.0.0.1:1234/v1' },
    webhook: {
      baseUrl: 'https://hooks.example.com',
      keys: [
        { id: 'new', secret: key },
        { id: 'old', secret: 'o'.repeat(40) },
      ],
    },
    spend: { named: caps, seed: caps },
    timing: { ...defaultTiming, uploadWindowMs: 60_000 },
    log: { level: 'debug', logPrompts: true },
    listen: { host: '0.0.0.0', port: 0 },
  });
});

test('lists every problem at once, with the allowed and the given value', () => {
  const env: Environment = {
    REDIS_URL: 'localhost:6379',
    S3_BUCKET: '',
    PORT: '70000',
    LOG_LEVEL: 'verbose',
    LOG_PROMPTS: 'yes',
    DAILY_CAP_USD: '0',
    MONTHLY_CAP_USD: 'plenty',
    TENANT_DAILY_CAP_USD: '-1',
  };
  expect(problemsOf(() => readSettings(schemas, env))).toEqual({
    REDIS_URL: 'must be a URL that starts with redis://, rediss://, redis-sentinel:// or redis-cluster://"localhost:6379"',
    S3_BUCKET: 'is missing, and must be the name of a bucket: 3 to 63 lower-case letters, digits, "-" and "."',
    RUNWARE_API_KEY: 'is missing, and must be an API key of Runware',
    DAILY_CAP_USD: 'must be an amount of US dollars such as 25 or 12.50, above 0"0"',
    MONTHLY_CAP_USD: 'must be an amount of US dollars such as 25 or 12.50, above 0"plenty"',
    TENANT_DAILY_CAP_USD: 'must be an amount of US dollars such as 25 or 12.50, above 0"-1"',
    LOG_LEVEL: 'must be one of debug, info, warn, error, silent"verbose"',
    LOG_PROMPTS: 'must be one of true, false"yes"',
    PORT: 'must be a whole number from 0 to 65535"70000"',
  });
});

test('an empty string, or one of blanks, counts as missing', () => {
  expect(loadConfig(redisSettings, { REDIS_URL: 'redis://a', DARKROOM_PREFIX: '  ' }).prefix).toBe('{darkroom}');
  expect(problemsOf(() => loadConfig(redisSettings, { REDIS_URL: ' ' }))).toEqual({
    REDIS_URL: 'is missing, and must be a URL that starts with redis://, rediss://, redis-sentinel:// or redis-cluster://',
  });
});

test('shows neither a wrong secret nor the password in a URL', () => {
  const problems = problemsOf(() =>
    readSettings(
      { keys: capabilityKeySettings, redis: redisSettings },
      { WEBHOOK_KEYS: 'k1:hunter2', REDIS_URL: 'http://user:hunter2@redis' },
    ),
  );
  expect(Object.keys(problems)).toEqual(['WEBHOOK_KEYS', 'REDIS_URL']);
  expect(JSON.stringify(problems)).not.toContain('hunter2');
});

test.each([
  'redis://u:hunter2/x@h:6379',
  'redis://u:pa@hunter2@h:x',
  `redis://u:pa'hunter2@h:x`,
  'u:hunter2@h',
  'hunter2@h:6379',
  'http://h/?a=hunter2',
])('does not repeat a value that may be an address with a password: %s', (address) => {
  const env = { REDIS_URL: address, WEBHOOK_BASE_URL: address, S3_ENDPOINT: address, RUNWARE_URL: address, LOG_LEVEL: address };
  expect(JSON.stringify(catchError(() => readSettings(schemas, env)))).not.toContain('hunter2');
});

test('lists the problem of a variable of two schemas once', () => {
  expect(Object.keys(problemsOf(() => readSettings({ a: redisSettings, b: redisSettings }, {})))).toEqual(['REDIS_URL']);
  const { problems } = catchError(() => readSettings({ a: redisSettings, b: redisSettings }, {}));
  expect(problems).toHaveLength(1);
});

describe('prefix', () => {
  test.for(['darkroom', '{}', '{a}{b}', '{a b}', '{a'])('%s is refused', (prefix) => {
    expect(problemsOf(() => loadConfig(redisSettings, { REDIS_URL: 'redis://a', DARKROOM_PREFIX: prefix }))).toHaveProperty(
      'DARKROOM_PREFIX',
    );
  });
});

describe('keys', () => {
  test.for(['k1', `:${key}`, `k1:${'s'.repeat(31)}`, `k1:${key},k1:${key}`, `k1:${key},`, `k 1:${key}`])('%s is refused', (keys) => {
    expect(problemsOf(() => loadConfig(capabilityKeySettings, { WEBHOOK_KEYS: keys }))).toHaveProperty('WEBHOOK_KEYS');
  });

  test('an address for webhooks requires keys', () => {
    const problems = problemsOf(() => loadConfig(webhookSettings, { WEBHOOK_BASE_URL: 'https://a.example' }));
    expect(problems['WEBHOOK_KEYS']).toMatch(/^with WEBHOOK_BASE_URL it must be/);
  });
});

test('half a pair of S3 keys names the other half', () => {
  const half = { S3_BUCKET: 'bucket', S3_ACCESS_KEY_ID: 'id' };
  expect(problemsOf(() => loadConfig(s3Settings, half))).toEqual({ S3_SECRET_ACCESS_KEY: expect.stringContaining('together') });
});

describe('timing', () => {
  test('reports a broken link of the chain by the names of its variables', () => {
    expect(problemsOf(() => loadConfig(timingSettings, { TIMING_RESEND_WINDOW_MS: '90000000' }))).toEqual({
      'TIMING_*': 'TIMING_RESEND_WINDOW_MS (90000000 ms) must be < TIMING_HORIZON_MS (86400000 ms)',
    });
  });

  test('no wait is 0, negative, broken or a word', () => {
    for (const wrong of ['0', '-1', '1.5', '1s', '1e3']) {
      expect(
        problemsOf(() => loadConfig(timingSettings, { TIMING_FIRST_POLL_MS: wrong })),
        wrong,
      ).toHaveProperty('TIMING_FIRST_POLL_MS');
    }
  });

  test('a set poll time applies with and without webhooks', () => {
    expect(loadConfig(timingSettings, { TIMING_FIRST_POLL_MS: '5' }).firstPollMs).toBe(5);
    expect(loadConfig(timingSettings, { TIMING_FIRST_POLL_MS: '5', WEBHOOK_BASE_URL: 'https://a.example' })).toEqual({
      ...defaultTiming,
      firstPollMs: 5,
    });
  });
});

function catchError(run: () => unknown): ConfigError {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error;
  }
  throw new Error('no ConfigError was thrown');
}
