import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Darkroom } from '@darkroom/local-stack';
import { shownPath } from './shown-path.ts';
import type { Stores } from './stack/stores.ts';

const EXAMPLE = 'examples/first-job/first-job.mjs';
/** Text by which the example finds Redis; the printed copy names the running one. */
const REDIS_OF_EXAMPLE = "process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379'";

export interface AddressesOptions {
  stores: Stores;
  darkroom: Darkroom;
  images: string;
  logs: string;
  root: string;
  /** True if this start runs its own Redis. The URL of another may hold a password, and is not printed. */
  isRedisOurs: boolean;
  /** True if this start runs its own S3, whose keys open nothing but that server on loopback. The keys of another are not printed. */
  isS3Ours: boolean;
  /** Key of the HTTP API of this start. */
  apiKey: string;
}

/** Lists the addresses and folders of a start, and the code that orders one more image from another terminal. */
export function describeAddresses({ stores, darkroom, images, logs, root, isRedisOurs, isS3Ours, apiKey }: AddressesOptions): string[] {
  const { redis } = stores;
  const addresses = [
    ['images', shownPath(images)],
    ['bucket', stores.s3Detail],
    ...(darkroom.emulator === undefined ? [] : [['emulator', `${darkroom.emulator.url}  (its bill: ${shownPath(darkroom.billFile)})`]]),
    ...[...darkroom.receivers, ...darkroom.dashboards, ...darkroom.apis].map(({ name, url }) => [name, url]),
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
    ...(isRedisOurs && isS3Ours ? ['', `  which writes lighthouse.jpg: ${describeEnvironment(stores)} node ${EXAMPLE}`] : []),
    ...darkroom.apis
      .slice(0, 1)
      .flatMap(({ url }) => [
        '',
        'Or by HTTP, from any language:',
        '',
        ...describeCurl(url, isRedisOurs && isS3Ours ? apiKey : '$DARKROOM_KEY'),
      ]),
  ];
}

/** Returns the lines of a shell that order an image by HTTP and save it. @param key A key, or a variable of the shell that holds one. */
export const describeCurl = (url: string, key: string): string[] => [
  `  export DARKROOM_URL=${url} DARKROOM_KEY=${key}`,
  `  curl -s --json '{"positivePrompt":"a lighthouse at dusk"}' -H "Authorization: Bearer $DARKROOM_KEY" -H 'Prefer: wait=30' $DARKROOM_URL/v1/generations`,
  '  curl -sL -o lighthouse.jpg -H "Authorization: Bearer $DARKROOM_KEY" $DARKROOM_URL/v1/generations/<generationId>/images/0',
];

/** Returns the environment of the example, in the form of a shell. */
const describeEnvironment = ({ redis, s3 }: Stores): string =>
  Object.entries({
    REDIS_URL: redis.url,
    S3_ENDPOINT: s3.endpoint,
    AWS_ACCESS_KEY_ID: s3.credentials?.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.credentials?.secretAccessKey,
  })
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
