import { expect, test } from 'vitest';
import { loadConfig } from './read-settings.ts';
import { redisSettings } from './redis.ts';
import { describeUnread, findUnreadSettings, knownSettings } from './unknown-settings.ts';

const unread = (env: Record<string, string>): string[] =>
  findUnreadSettings(env).map((each) => `${each.isOurs ? 'stops' : 'warns'} ${each.name}: ${describeUnread(each)}`);

test.each([
  ['DALY_CAP_USD', 'stops DALY_CAP_USD: is not a setting (did you mean DAILY_CAP_USD?)'],
  ['daily_cap_usd', 'stops daily_cap_usd: is not a setting (did you mean DAILY_CAP_USD?)'],
  ['DAILY_CAP', 'stops DAILY_CAP: is not a setting (did you mean DAILY_CAP_USD?)'],
  ['YEARLY_CAP_USD', /^stops YEARLY_CAP_USD: is not a setting/],
  ['WORKER_CONCURRENCY', /^stops WORKER_CONCURRENCY: is not a setting; there are .*WORKER_SUBMIT_CONCURRENCY/],
  ['TIMING_HORIZON', 'stops TIMING_HORIZON: is not a setting (did you mean TIMING_HORIZON_MS?)'],
  ['DARKROOM_PREFX', 'stops DARKROOM_PREFX: is not a setting (did you mean DARKROOM_PREFIX?)'],
  ['REDIS_URI', 'warns REDIS_URI: is not a setting (did you mean REDIS_URL?)'],
  ['S3_ENDPIONT', 'warns S3_ENDPIONT: is not a setting (did you mean S3_ENDPOINT?)'],
  ['LOGLEVEL', 'warns LOGLEVEL: is not a setting (did you mean LOG_LEVEL?)'],
  ['RUNWARE_KEY', /^warns RUNWARE_KEY: is not a setting/],
  ['REDIS_PASSWORD', 'warns REDIS_PASSWORD: is not a setting; there are REDIS_URL'],
])('%s is noticed', (name, expected) => {
  const [told = '', ...rest] = unread({ [name]: 'hunter2' });
  expect(rest).toEqual([]);
  if (typeof expected === 'string') expect(told).toBe(expected);
  else expect(told).toMatch(expected);
});

test.each<[string, string]>([
  ['PATH', '/bin'],
  ['AWS_REGION', 'eu-west-1'],
  ['NODE_ENV', 'production'],
  ['TZ', 'UTC'],
  ['WORKER_SERVICE_HOST', '10.0.0.1'],
  ['WORKER_SERVICE_PORT_METRICS', '3001'],
  ['DARKROOM_RECEIVER_PORT', 'tcp://10.0.0.1:3002'],
  ['DARKROOM_RECEIVER_PORT_3002_TCP_ADDR', '10.0.0.1'],
  ['REDIS_PORT', 'tcp://10.0.0.1:6379'],
  ['DARKROOM_TEST_RUN', '1'],
  ['WORKER_CONCURRENCY', '  '],
])('%s is none of ours', (name, value) => {
  expect(unread({ [name]: value })).toEqual([]);
});

test('no known setting is taken for another', () => {
  expect(unread(Object.fromEntries(knownSettings.map((name) => [name, 'x'])))).toEqual([]);
});

test('a setting that is surely ours stops a start beside every other problem, and its value is not shown', () => {
  const load = (): unknown => loadConfig(redisSettings, { DARKROOM_PREFX: 'hunter2', REDIS_URL: 'http://x' });
  expect(load).toThrow(/DARKROOM_PREFX: is not a setting \(did you mean DARKROOM_PREFIX\?\)\n.*REDIS_URL: must be a URL/s);
  expect(load).not.toThrow(/hunter2/);
});
