import { readFileSync } from 'node:fs';
import path from 'node:path';
import { shownPath } from './shown-path.ts';
import type { Apps } from './stack/apps.ts';
import type { Stores } from './stack/stores.ts';

const EXAMPLE = 'examples/first-job/first-job.mjs';
/** How the example finds Redis; what is printed names the one that runs. */
const REDIS_OF_EXAMPLE = "process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379'";

export interface PlacesOptions {
  stores: Stores;
  apps: Apps;
  images: string;
  logs: string;
  root: string;
  /** Whether Redis was started here: the URL of another may hold a password, and is not shown. */
  isRedisOurs: boolean;
}

/** Where a person can look, and how to order one more image from another terminal. */
export function describePlaces({ stores, apps, images, logs, root, isRedisOurs }: PlacesOptions): string[] {
  const { redis } = stores;
  const places = [
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
    ...places.map(([name = '', place = '']) => `  ${name.padEnd(10)}${place}`),
    '',
    'One more image, from another terminal:',
    '',
    ...snippet.map((line) => `  ${line}`),
    ...(isRedisOurs ? ['', `  which is: REDIS_URL=${redis.url} node ${EXAMPLE}`] : []),
  ];
}
