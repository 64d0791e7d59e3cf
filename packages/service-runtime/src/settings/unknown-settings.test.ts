import { expect, test } from 'vitest';
import { loadConfig } from './read-settings.ts';
import { redisSettings } from './groups.ts';
import { describeUnread, findUnreadSettings, knownSettings, unreadSettingProblems } from './unknown-settings.ts';

const unread = (env: Record<string, string>): string[] =>
  findUnreadSettings(env).map((each) => `${each.isOurs ? 'stops' : 'warns'} ${each.name}: ${describeUnread(each)}`);

test('the variables of the command line are known to every process', () => {
  expect(unread({ DARKROOM_URL: 'http://127.0.0.1:1', DARKROOM_KEY: 'dk_live_x' })).toEqual([]);
  expect(unread({ DARKROOM_URI: 'x' })).toEqual(['stops DARKROOM_URI: is not a setting (did you mean DARKROOM_URL?)']);
});

test.each([
  ['DALY_CAP_USD', 'stops DALY_CAP_USD: is not a setting (did you mean DAILY_CAP_USD?)'],
  ['daily_cap_usd', 'stops daily_cap_usd: is not a setting (did you mean DAILY_CAP_USD?)'],
  ['DAILY_CAP', 'stops DAILY_CAP: is not a setting (did you mean DAILY_CAP_USD?)'],
  ['YEARLY_CAP_USD', /^stops YEARLY_CAP_USD: is not a setting/],
  ['WORKER_CONCURRENCY', /^stops WORKER_CONCURRENCY: .*\(did you mean WORKER_SUBMIT_CONCURRENCY or WORKER_SETTLE_CONCURRENCY\?\)$/],
  ['WORKER_THREADS', /^stops WORKER_THREADS: is not a setting; there are .*WORKER_SUBMIT_CONCURRENCY/],
  ['TIMING_HORIZON', 'stops TIMING_HORIZON: is not a setting (did you mean TIMING_HORIZON_MS?)'],
  ['DARKROOM_PREFX', 'stops DARKROOM_PREFX: is not a setting (did you mean DARKROOM_PREFIX?)'],
  ['REDIS_URI', 'warns REDIS_URI: is not a setting (did you mean REDIS_URL?)'],
  ['S3_ENDPIONT', 'warns S3_ENDPIONT: is not a setting (did you mean S3_ENDPOINT?)'],
  ['LOGLEVEL', 'warns LOGLEVEL: is not a setting (did you mean LOG_LEVEL?)'],
  ['RUNWARE_KEY', 'warns RUNWARE_KEY: is not a setting (did you mean RUNWARE_API_KEY?)'],
  ['RUNWARE_API_KEY_FILE', /^warns RUNWARE_API_KEY_FILE: is not a setting; there are RUNWARE_API_KEY/],
  ['S3_KEY', 'warns S3_KEY: is not a setting (did you mean S3_ACCESS_KEY_ID or S3_SECRET_ACCESS_KEY?)'],
  ['S3_SECRET', 'warns S3_SECRET: is not a setting (did you mean S3_SECRET_ACCESS_KEY?)'],
  ['WEBHOOK_URL', 'warns WEBHOOK_URL: is not a setting (did you mean WEBHOOK_BASE_URL?)'],
  ['REDISURL', 'warns REDISURL: is not a setting (did you mean REDIS_URL?)'],
  ['DASHBOARD_PASS', 'warns DASHBOARD_PASS: is not a setting (did you mean DASHBOARD_PASSWORD?)'],
  ['BUCKET_NAME', 'warns BUCKET_NAME: is not a setting (did you mean S3_BUCKET?)'],
  ['CONCURRENCY', 'warns CONCURRENCY: is not a setting (did you mean WORKER_SUBMIT_CONCURRENCY or WORKER_SETTLE_CONCURRENCY?)'],
  ['TASKS_AT_PROVIDER', 'warns TASKS_AT_PROVIDER: is not a setting (did you mean the command "darkroom limits --tasks"?)'],
  ['TENANTS_DAILY_CAP_USD', 'stops TENANTS_DAILY_CAP_USD: is not a setting (did you mean TENANT_DAILY_CAP_USD?)'],
  ['HORIZON_MS', 'warns HORIZON_MS: is not a setting (did you mean TIMING_HORIZON_MS?)'],
  ['REDIS_PASSWORD', 'warns REDIS_PASSWORD: is not a setting; there are REDIS_URL'],
])('%s is noticed', (name, expected) => {
  const [told = '', ...rest] = unread({ [name]: 'hunter2' });
  expect(rest).toEqual([]);
  if (typeof expected === 'string') expect(told).toBe(expected);
  else expect(told).toMatch(expected);
});

const day = 'is not a setting (did you mean DAILY_CAP_USD?)';
const anyCap = 'is not a setting; there are DAILY_CAP_USD, MONTHLY_CAP_USD, TENANT_DAILY_CAP_USD, TENANT_MONTHLY_CAP_USD';

test.each([
  ['DAILYCAPUSD', day],
  ['dailyCapUsd', day],
  ['DAILY-CAP-USD', day],
  ['DAILY_CAP_EUR', day],
  ['DAILY_CAPS', day],
  ['DAY_CAP', day],
  ['DALY_CAP', day],
  ['CAP_PER_DAY', day],
  ['DAILY_LIMIT_USD', day],
  ['DAILY_BUDGET', day],
  ['MAX_USD_PER_DAY', day],
  ['MAX_DAILY_SPEND', day],
  ['DAILY_CAP_USD_FILE', day],
  ['DARKROOM_DAILY_CAP_USD', day],
  ['MONTHLYCAP', 'is not a setting (did you mean MONTHLY_CAP_USD?)'],
  ['MONTLY_BUDGET_EUR', 'is not a setting (did you mean MONTHLY_CAP_USD?)'],
  ['TENANT_CAP', 'is not a setting (did you mean TENANT_DAILY_CAP_USD?)'],
  ['TENANT_MONTH_CAP', 'is not a setting (did you mean TENANT_MONTHLY_CAP_USD?)'],
  ['SPEND_CAP', anyCap],
  ['SPENDCAP', anyCap],
  ['CAP_USD', anyCap],
  ['MAX_SPEND', anyCap],
  ['SPEND_LIMIT_USD', anyCap],
  ['BUDGET_USD', anyCap],
  ['WEEKLY_CAP_USD', anyCap],
  ['MAX_SUBMISSIONS', 'is not a setting (did you mean WORKER_MAX_SUBMISSIONS?)'],
  ['MAX_SUBMISSION', 'is not a setting (did you mean WORKER_MAX_SUBMISSIONS?)'],
  ['WORKERMAXSUBMISSIONS', 'is not a setting (did you mean WORKER_MAX_SUBMISSIONS?)'],
  ['APP_WORKER_MAX_SUBMISSIONS', 'is not a setting (did you mean WORKER_MAX_SUBMISSIONS?)'],
  ['WORKER_SUBMIT', 'is not a setting (did you mean WORKER_SUBMIT_CONCURRENCY?)'],
  ['SUBMIT_CONCURRENCY', 'is not a setting (did you mean WORKER_SUBMIT_CONCURRENCY?)'],
  ['POLLS_PER_SECOND', 'is not a setting (did you mean WORKER_POLLS_PER_SECOND?)'],
  ['DARKROOMPREFIX', 'is not a setting (did you mean DARKROOM_PREFIX?)'],
])('%s is certainly about money or the fleet, and prevents a start', (name, told) => {
  expect(unread({ [name]: '5' })).toEqual([`stops ${name}: ${told}`]);
});

test.each(['DAILY_LIMIT', 'TENANT_QUOTA', 'COST_LIMIT', 'DAILY_SPEND', 'USD_PER_DAY'])(
  '%s may be about money, and causes a warning',
  (name) => {
    expect(unread({ [name]: '5' })).toEqual([expect.stringMatching(new RegExp(`^warns ${name}: .*_CAP_USD`))]);
  },
);

test.each<[string, string]>([
  ['PATH', '/bin'],
  ['GOMEMLIMIT', '512MiB'],
  ['GOMAXPROCS', '2'],
  ['MAX_OLD_SPACE', '512'],
  ['MAX_OLD_SPACE_SIZE', '512'],
  ['NODE_OPTIONS', '--max-old-space-size=512'],
  ['NODE_MAX_SUBMISSIONS', '2'],
  ['LIMIT_MEMORY', '1Gi'],
  ['LIMIT_CPU', '2'],
  ['LIMITS_CPU', '2'],
  ['MEMORY_LIMIT', '1Gi'],
  ['CAP_NET_ADMIN', '1'],
  ['CAP_ADD', 'ALL'],
  ['CAPACITY', '5'],
  ['CAPABILITY_URL', 'x'],
  ['ESCAPE_DAY', '5'],
  ['MAX_SPEED', '5'],
  ['MAX_TENANTS', '5'],
  ['DEFAULT_TENANT', 'acme'],
  ['DAY_OF_MONTH', '5'],
  ['RETENTION_DAYS', '5'],
  ['RATE_LIMIT', '5'],
  ['OPENAI_MAX_SPEND_USD', '5'],
  ['AWS_SECRET_ACCESS_KEY', 'x'],
  ['AWS_ACCESS_KEY_ID', 'x'],
  ['AWS_S3_ENDPOINT', 'x'],
  ['AWS_DAILY_CAP_USD', 'x'],
  ['npm_package_config_DAILY_CAP_USD', '5'],
  ['WEB_CONCURRENCY', '2'],
  ['MAX_WORKERS', '2'],
  ['SUBMIT', '2'],
  ['REQUEST_TIMEOUT_MS', '2'],
  ['LOCK_DURATION_MS', '2'],
  ['API_KEY', 'x'],
  ['BUCKET', 'x'],
  ['HOSTNAME', 'pod-1'],
  ['POST', 'x'],
  ['BASE_URL', 'x'],
  ['DATABASE_URL', 'x'],
  ['MYSQL_HOST', 'x'],
  ['APP_LOG_LEVEL', 'x'],
  ['_', '/usr/bin/node'],
  ['', 'x'],
  ['REDIS_NAME', '/worker/redis'],
  ['WORKER_ENV_NODE_VERSION', '20'],
  ['WORKER_PORT', 'tcp://10.0.0.1:3001'],
  ['WORKER_PORT_3001_TCP', 'tcp://10.0.0.1:3001'],
  ['WORKER_PORT_3001_TCP_PROTO', 'tcp'],
  ['WORKER_SERVICE_PORT', '3001'],
  ['DAILY_CAP_USD_SERVICE_HOST', '10.0.0.1'],
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
])('%s is not ours', (name, value) => {
  expect(unread({ [name]: value })).toEqual([]);
});

test('mistakes no known setting for another', () => {
  expect(unread(Object.fromEntries(knownSettings.map((name) => [name, 'x'])))).toEqual([]);
});

test('an unknown setting that is certainly ours prevents a start, beside all other problems and without its value', () => {
  const load = (): unknown => loadConfig(redisSettings, { DARKROOM_PREFX: 'hunter2', REDIS_URL: 'http://x' });
  expect(load).toThrow(/DARKROOM_PREFX: is not a setting \(did you mean DARKROOM_PREFIX\?\)\n.*REDIS_URL: must be a URL/s);
  expect(load).not.toThrow(/hunter2/);
});

test('the error lists the first of many names and counts the others; 100,000 names take less than a second of processor time', () => {
  const wrong = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`WORKER_X${at}`, '1']));
  const others = Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`SOME_OTHER_NAME_${at}`, '1']));
  const before = process.cpuUsage();
  const problems = unreadSettingProblems({ ...wrong, ...others, WORKER_LAST: '1' });
  const { user } = process.cpuUsage(before);
  expect(problems).toHaveLength(51);
  expect(problems.at(-1)?.message).toMatch(/^\d+ more names are not settings$/);
  expect(user / 1000).toBeLessThan(1000);
});
