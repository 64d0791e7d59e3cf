import { readFileSync } from 'node:fs';
import { cp, mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { startFleet, type Fleet } from '@darkroom/testing';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeStrangersFolder, packProducer, removeStrangersFolders, root, runIn, writeIn } from './strangers-folder.ts';

/** The README's six lines, which a stranger copies. */
const lines = /<!-- generated: first job -->\s+```js\n([\s\S]+?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1] ?? '';
const tools = ['typescript@7.0.2', '@types/node@20.19.43', 'esbuild@0.28.2'];

/** The same lines as CommonJS: `require`, and a function around what waits. */
const asCommonJs = (text: string): string => {
  const [imports, rest] = [/^import (.+) from (.+);$/gm, /^(?!import ).+$/gm];
  const required = [...text.matchAll(imports)].map(([, names, from]) => `const ${names} = require(${from});`);
  return `${required.join('\n')}\n(async () => {\n${(text.match(rest) ?? []).join('\n')}\n})();\n`;
};

let fleet: Fleet | undefined;
let tarball: string;
let lean: string;
let full: string;
let env: Record<string, string>;

beforeAll(async () => {
  tarball = await packProducer();
  lean = await makeStrangersFolder([tarball]);
  full = await makeStrangersFolder([tarball, '@aws-sdk/client-s3', '@aws-sdk/s3-request-presigner', ...tools]);
  fleet = await startFleet({ faults: { uploadBeforeWebhookRate: 1 } });
  const { endpoint, credentials } = fleet.s3Config;
  env = {
    REDIS_URL: fleet.redisUrl,
    S3_ENDPOINT: endpoint,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
}, 300_000);
afterAll(async () => {
  await fleet?.stop();
  await removeStrangersFolders();
});

/** Runs a program in a folder of its own and looks at the picture that it leaves. */
async function expectPicture(program: string): Promise<void> {
  const folder = join(full, 'pictures', program.replaceAll(/\W/g, '-'));
  await mkdir(folder, { recursive: true });
  await runIn(folder, process.execPath, [program], env);
  expect(await sharp(join(folder, 'lighthouse.jpg')).metadata()).toMatchObject({ format: 'jpeg', width: 1280, height: 896 });
}

describe("the README's six lines in a stranger's folder end in a picture file", () => {
  test('there are six', () => {
    expect(lines.trim().split('\n')).toHaveLength(6);
  });

  test('as ES modules', async () => {
    await expectPicture(await writeIn(full, 'first-job.mjs', lines));
  });

  test('as CommonJS', async () => {
    await expectPicture(await writeIn(full, 'first-job.cjs', asCommonJs(lines)));
  });

  test.each(['node16', 'bundler'])('as TypeScript that resolves like %s, declarations checked', async (resolution) => {
    const folder = join(full, `typescript-${resolution}`);
    const module = resolution === 'bundler' ? 'preserve' : resolution;
    await writeIn(folder, 'package.json', JSON.stringify({ type: 'module' }));
    await writeIn(folder, 'first-job.mts', lines);
    await writeIn(folder, 'entries.mts', typed);
    if (resolution !== 'bundler') await writeIn(folder, 'first-job-of-commonjs.cts', commonTyped);
    await writeIn(
      folder,
      'tsconfig.json',
      JSON.stringify({
        compilerOptions: {
          target: 'es2022',
          module,
          moduleResolution: resolution,
          strict: true,
          skipLibCheck: false,
          types: ['node'],
          outDir: 'out',
        },
      }),
    );
    await runIn(folder, process.execPath, [join(full, 'node_modules/typescript/bin/tsc'), '-p', '.']);
    await expectPicture(join(folder, 'out/first-job.mjs'));
    expect(await runIn(folder, process.execPath, [join(folder, 'out/entries.mjs')])).toBe('succeeded 0.02 3\n');
    if (resolution !== 'bundler')
      expect(await runIn(folder, process.execPath, [join(folder, 'out/first-job-of-commonjs.cjs')])).toBe('true\n');
  });

  test.each([
    ['cjs', 'first-job.cjs', 'first-job.bundled.cjs', []],
    [
      'esm',
      'first-job.mjs',
      'first-job.bundled.mjs',
      [`--banner:js=import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`],
    ],
  ])('bundled by esbuild as %s, without node_modules', async (format, source, bundle, options) => {
    await writeIn(full, source, format === 'cjs' ? asCommonJs(lines) : lines);
    const args = [
      'node_modules/esbuild/bin/esbuild',
      source,
      '--bundle',
      '--platform=node',
      `--format=${format}`,
      '--log-level=error',
      ...options,
    ];
    await runIn(full, process.execPath, [...args, `--outfile=${bundle}`]);
    const away = await makeStrangersFolder([]);
    await cp(join(full, bundle), join(away, bundle));
    await expectPicture(join(away, bundle));
  });
});

describe('without the AWS SDK', () => {
  test('an install is small', async () => {
    const packages = (await readdir(join(lean, 'node_modules'), { recursive: true })).filter((file) =>
      /(^|\/)node_modules\/(@[^/]+\/)?[^/@]+\/package\.json$/.test(`node_modules/${file}`),
    );
    const sizeKb = Number((await runIn(lean, 'du', ['-sk', 'node_modules'])).split('\t')[0]);
    console.log(
      `tarball ${Math.round((await stat(tarball)).size / 1024)} KB; installed ${packages.length} packages, ${Math.round(sizeKb / 1024)} MB`,
    );
    expect(packages.length).toBeLessThan(30);
    expect(sizeKb).toBeLessThan(40 * 1024);
    expect(packages.some((file) => file.includes('@aws-sdk'))).toBe(false);
  });

  test('a program enqueues, and the images entry names what is missing', async () => {
    const program = await writeIn(
      lean,
      'lean.mjs',
      `import { createProducer } from '@darkroom/producer';
const producer = createProducer({ redisUrl: process.env.REDIS_URL });
const { status } = await producer.generate({ positivePrompt: 'a lighthouse at dusk' });
await producer.close();
console.log(status, await import('@darkroom/producer/images').catch((error) => error.message));
`,
    );
    expect(await runIn(lean, process.execPath, [program], env)).toMatch(/^succeeded Cannot find package '@aws-sdk\/client-s3'/);
  });

  test('the entry for unit tests loads neither Redis nor BullMQ', async () => {
    const program = await writeIn(
      lean,
      'unit.cjs',
      `const Module = require('node:module');
const load = Module._load;
const loaded = [];
Module._load = (name, ...rest) => { loaded.push(name); return load(name, ...rest); };
const { createTestingProducer } = require(${JSON.stringify(join(lean, 'node_modules/@darkroom/producer/dist/testing/index.cjs'))});
createTestingProducer().generate({ positivePrompt: 'a red door' }).then(({ status }) =>
  console.log(status, loaded.includes('zod'), loaded.some((name) => /ioredis|bullmq|aws-sdk/.test(name))));
`,
    );
    expect(await runIn(lean, process.execPath, [program])).toBe('succeeded true false\n');
  });

  test('the entry for receivers of notifications loads no dependency', async () => {
    const program = await writeIn(
      lean,
      'receiver.cjs',
      `const Module = require('node:module');
const load = Module._load;
const loaded = [];
Module._load = (name, ...rest) => { loaded.push(name); return load(name, ...rest); };
const { verifyWebhook } = require(${JSON.stringify(join(lean, 'node_modules/@darkroom/producer/dist/webhooks/index.cjs'))});
try { verifyWebhook('{}', {}, 'whsec_' + 'a'.repeat(44)); } catch ({ code }) {
  console.log(code, loaded.filter((name) => !Module.isBuiltin(name) && !/^[./]/.test(name)));
}
`,
    );
    expect(await runIn(lean, process.execPath, [program])).toBe('notification.unverified []\n');
  });

  test('a process that loads both formats has each class of errors once', async () => {
    const program = await writeIn(
      lean,
      'both.mjs',
      `import { createRequire } from 'node:module';
import { DarkroomError } from '@darkroom/producer';
console.log(createRequire(import.meta.url)('@darkroom/producer').DarkroomError === DarkroomError);
`,
    );
    expect(await runIn(lean, process.execPath, [program])).toBe('true\n');
  });
});

/** Types of all four entries, and a call that must not compile. */
const typed = `import { createProducer, hasCode, type GenerationView, type Producer } from '@darkroom/producer';
import type { GenerationImage, Images } from '@darkroom/producer/images';
import { createTestingProducer, type Outcome } from '@darkroom/producer/testing';
import { verifyWebhook, type NotificationPayload } from '@darkroom/producer/webhooks';
const outcome: Outcome = { kind: 'succeed', bytes: new Uint8Array([1, 2, 3]) };
const testing = createTestingProducer({ outcome });
const producer: Producer = testing;
const images: Images = testing.images;
const generation: GenerationView = await producer.generate({ positivePrompt: 'a red door', width: 1024, height: 1024 });
const image: GenerationImage = images.image(generation, 0);
// @ts-expect-error the model does not make this size
void (() => producer.enqueue({ positivePrompt: 'a red door', width: 1000, height: 1000 }));
// @ts-expect-error a misspelt option
void (() => createProducer({ redisUrl: 'redis://127.0.0.1', tennant: 'x' }));
void hasCode;
void ((body: Uint8Array, headers: Headers): NotificationPayload => verifyWebhook(body, headers, 'whsec_'));
console.log(generation.status, generation.costUsd, (await image.bytes()).length);
`;

const commonTyped = `import producer = require('@darkroom/producer');
import images = require('@darkroom/producer/images');
import testing = require('@darkroom/producer/testing');
import webhooks = require('@darkroom/producer/webhooks');
console.log([producer.createProducer, images.createImages, testing.createTestingProducer, webhooks.verifyWebhook].every((each) => typeof each === 'function'));
`;
