import { existsSync } from 'node:fs';
import type { Darkroom } from '@darkroom/local-stack';
import { describeCurl } from './describe-addresses.ts';
import { shownPath } from './shown-path.ts';
import type { Stores } from './stack/stores.ts';

interface DoorsOptions {
  readonly stores: Stores;
  readonly darkroom: Darkroom;
  readonly logs: string;
  /** Key of the HTTP API, which opens nothing but this machine. */
  readonly apiKey: string;
}

/** Orders an image by the library and saves it, in a folder with @darkroom/producer and the AWS SDK. */
const FIRST_LINE = `node --input-type=module --eval "${[
  "import { createProducer } from '@darkroom/producer'; import { createImages } from '@darkroom/producer/images'",
  'const [producer, images] = [createProducer({ redisUrl: process.env.REDIS_URL }), createImages({ bucket: process.env.S3_BUCKET, endpoint: process.env.S3_ENDPOINT })]',
  "const generation = await producer.generate({ positivePrompt: 'a lighthouse at dusk' })",
  "await images.image(generation, 0).save('lighthouse.jpg')",
  'await producer.close()',
].join('; ')}"`;

/** Lists what runs, and the doors of a Darkroom for development, each with a first line that works in this folder. */
export function describeDoors({ stores, darkroom, logs, apiKey }: DoorsOptions): string[] {
  const { redis, s3, notice, redisDetail, s3Detail } = stores;
  const processes = [
    ['redis', redisDetail],
    ['s3', s3Detail],
    ...(darkroom.emulator === undefined ? [] : [['emulator', `${darkroom.emulator.url}, plays Runware: real images, no money`]]),
    ...[...darkroom.receivers, ...darkroom.dashboards, ...darkroom.apis].map(({ name, url }) => [name, url]),
    ...['worker', 'notifier', 'eraser'].map((name) => [name, 'ready']),
    ['logs', shownPath(logs)],
  ];
  const environment = {
    REDIS_URL: redis.url,
    S3_ENDPOINT: s3.endpoint ?? '',
    S3_BUCKET: s3.bucket,
    AWS_ACCESS_KEY_ID: s3.credentials?.accessKeyId ?? '',
    AWS_SECRET_ACCESS_KEY: s3.credentials?.secretAccessKey ?? '',
  };
  return [
    ...processes.map(([name = '', words = '']) => `  ${name.padEnd(10)}${words}`),
    ...(notice === undefined ? [] : ['', `  ${notice}`]),
    '',
    'The command line, from another terminal in this folder:',
    '',
    `  ${existsSync('node_modules/.bin/darkroom') ? 'npx darkroom' : 'darkroom'} generate "a lighthouse at dusk" --size 1280x896 --out images`,
    '',
    'The library, @darkroom/producer, finds everything by this environment:',
    '',
    `  export ${Object.entries(environment)
      .map(([name, value]) => `${name}=${value}`)
      .join(' ')}`,
    `  ${FIRST_LINE}`,
    '',
    ...darkroom.apis.slice(0, 1).flatMap(({ url }) => ['HTTP, from any language:', '', ...describeCurl(url, apiKey), '']),
  ];
}
