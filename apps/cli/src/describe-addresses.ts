import { readFileSync } from 'node:fs';
import path from 'node:path';
import { shownPath } from './shown-path.ts';
import type { Apps } from './stack/apps.ts';
import type { Stores } from './stack/stores.ts';

const EXAMPLE = 'examples/first-job/first-job.mjs';
/** Text by which the example finds Redis; the printed copy names the running one. */
const REDIS_OF_EXAMPLE = "process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379'";

export interface AddressesOptions {
  stores: Stores;
  apps: Apps;
  images: string;
  logs: string;
  root: string;
  /** True if this start runs its own Redis. The URL of another may hold a password, and is not printed. */
  isRedisOurs: boolean;
}

/** Lists the addresses and folders of a start, and the code that orders one more image from another terminal. */
export function describeAddresses({ stores, apps, images, logs, root, isRedisOurs }: AddressesOptions): string[] {
  const { redis } = stores;
  const addresses = [
    ['images', shownPath(images)],
    ['bucket', stores.s3Detail],
    ...(apps.emulator === undefined ? [] : [['emulator', `${apps.emulator.url}  (its bill: ${shownPath(apps.emulator.billFile)})`]]),
    ...(apps.receiverUrl === undefined ? [] : [['receiver', apps.receiverUrl]]),
    ['dashboard', apps.dashboardUrl],
    ['logs', shownPath(logs)],
  ];
  const producer = isRedisOurs ? `'${redis.url}'` : `process.env['REDIS_URL'], prefix: '${redis.prefix}'`;
  const snippet = readFileSync(path.join(root, EXAMPLE), 'utf8').trimEnd().replace(REDIS_OF_EXAMPLE, producer).split('\n');
  return [
    ...addresses.map(([name = '', address = '']) => `  ${name.padEnd(10)}${address}`),
    '',
    'One more image, from another terminal:',
    '',
    ...snippet.map((line) => `  ${line}`),
    ...(isRedisOurs ? ['', `  which is: REDIS_URL=${redis.url} node ${EXAMPLE}`] : []),
  ];
}
