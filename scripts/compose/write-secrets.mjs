// Writes the secrets of docker-compose.yml, each into the folder of the processes that may read it. It runs in a container, before all others, and
// imports nothing of Darkroom. A secret that the environment (.env) names wins; otherwise the one of the last run stays, or a random one is made.
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Users of Redis, in the order of infra/redis/darkroom.acl. */
const users = ['producer', 'api', 'dashboard', 'receiver', 'worker', 'eraser', 'notifier', 'operator'];
const redisPassword = (/** @type {string} */ user) => `REDIS_${user.toUpperCase()}_PASSWORD`;

const random = (/** @type {number} */ bytes) => randomBytes(bytes).toString('hex');

/** Makes the secrets that no variable names. */
const makers = {
  S3_ACCESS_KEY_ID: () => random(10),
  S3_SECRET_ACCESS_KEY: () => random(20),
  WEBHOOK_KEYS: () => `compose:${random(32)}`,
  NOTIFICATION_KEYS: () => `compose:${random(32)}`,
  DASHBOARD_PASSWORD: () => random(12),
  EMULATOR_API_KEY: () => random(16),
  ...Object.fromEntries(users.map((user) => [redisPassword(user), () => random(24)])),
};

const [root, aclFile] = process.argv.slice(2);
if (root === undefined || aclFile === undefined) throw new Error('usage: node write-secrets.mjs <folder> <acl file>');

/** @returns {Record<string, string>} */
function takeSecrets() {
  const kept = path.join(root ?? '', 'kept', 'secrets.json');
  const before = existsSync(kept) ? JSON.parse(readFileSync(kept, 'utf8')) : {};
  const secrets = Object.fromEntries(
    Object.entries(makers).map(([name, make]) => [name, process.env[name]?.trim() || before[name] || make()]),
  );
  for (const [name, value] of Object.entries(secrets)) {
    const allowed = name.startsWith('REDIS_') ? /^[A-Za-z0-9]+$/ : /^[^'"\\\s]+$/;
    if (!allowed.test(value))
      throw new Error(`${name} may hold only ${name.startsWith('REDIS_') ? 'letters and digits' : 'no quotes, backslashes or blanks'}`);
  }
  write('kept/secrets.json', JSON.stringify(secrets));
  return secrets;
}

/**
 * Replaces a file at once: the process that reads it may start at any moment.
 * @param {string} file
 * @param {string} text
 * @param {number} [mode] Each volume is mounted where it is needed and nowhere else; two images read theirs as users of their own.
 */
function write(file, text, mode = 0o400) {
  const target = path.join(root ?? '', file);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(`${target}.new`, text, { mode: 0o600 });
  chmodSync(`${target}.new`, mode);
  renameSync(`${target}.new`, target);
}

/** @param {Record<string, string>} variables */
const environmentFile = (variables) =>
  Object.entries(variables)
    .map(([name, value]) => `${name}='${value}'\n`)
    .join('');

const secrets = takeSecrets();
/** @param {string} name */
const of = (name) => secrets[name] ?? '';
/** @param {string} user @param {string} [host] */
const redis = (user, host = 'valkey:6379') => ({ REDIS_URL: `redis://darkroom-${user}:${of(redisPassword(user))}@${host}` });
const s3 = { S3_ACCESS_KEY_ID: of('S3_ACCESS_KEY_ID'), S3_SECRET_ACCESS_KEY: of('S3_SECRET_ACCESS_KEY') };
const webhooks = { WEBHOOK_KEYS: of('WEBHOOK_KEYS') };
const notifications = { NOTIFICATION_KEYS: of('NOTIFICATION_KEYS') };

const dailyCap = process.env['DAILY_CAP_USD']?.trim() ?? '';
const buyWith = process.env['BUY_WITH_RUNWARE_KEY']?.trim() ?? '';
const provider =
  buyWith === ''
    ? { RUNWARE_API_KEY: of('EMULATOR_API_KEY'), RUNWARE_URL: 'http://emulator:8787/v1', WEBHOOK_BASE_URL: 'http://receiver:3002' }
    : // Runware reaches neither this machine's S3 nor its receiver: workers ask, and fetch images.
      { RUNWARE_API_KEY: buyWith, RUNWARE_URL: 'https://api.runware.ai/v1', RUNWARE_UPLOADS: 'none' };
const cap = dailyCap === '' && buyWith === '' ? {} : { DAILY_CAP_USD: dailyCap || '1' };

const files = {
  worker: { ...redis('worker'), ...s3, ...webhooks, ...provider, ...cap },
  receiver: { ...redis('receiver'), ...webhooks },
  api: { ...redis('api'), ...s3, ...notifications },
  dashboard: { ...redis('dashboard'), ...s3, DASHBOARD_PASSWORD: of('DASHBOARD_PASSWORD') },
  eraser: { ...redis('eraser'), ...s3 },
  notifier: { ...redis('notifier'), ...notifications },
  operator: { ...redis('operator'), ...s3, ...webhooks, ...notifications, ...provider, ...cap },
  emulator: { EMULATOR_API_KEY: of('EMULATOR_API_KEY') },
  welcome: {
    ...redis('producer', `127.0.0.1:${process.env['VALKEY_PORT'] || '6379'}`),
    ...s3,
    DASHBOARD_PASSWORD: of('DASHBOARD_PASSWORD'),
  },
};
for (const [folder, variables] of Object.entries(files)) write(`${folder}/env`, environmentFile(variables));
// The image of the S3 server reads these names.
write('storage/env', environmentFile({ AWS_ACCESS_KEY_ID: s3.S3_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY: s3.S3_SECRET_ACCESS_KEY }), 0o444);
const lines = users.reduce(
  (text, user) => text.replace(`>CHANGE-ME-${user}`, `>${of(redisPassword(user))}`),
  readFileSync(aclFile, 'utf8'),
);
if (lines.includes('CHANGE-ME')) throw new Error(`${aclFile} names a user without a password here`);
// The user without a name may do nothing but PING, for the health check.
write('valkey/users.acl', `user default on nopass resetkeys resetchannels -@all +ping\n${lines}`, 0o444);
