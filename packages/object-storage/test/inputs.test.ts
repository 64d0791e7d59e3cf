import { createHash } from 'node:crypto';
import sharp, { type Sharp } from 'sharp';
import { expect, test } from 'vitest';
import { setup } from './world.ts';

const MAX_BYTES = 1024 * 1024;
const draw = (): Sharp => sharp({ create: { width: 64, height: 48, channels: 3, background: '#c04010' } });
const files = {
  'image/jpeg': () => draw().jpeg().toBuffer(),
  'image/png': () => draw().png().toBuffer(),
  'image/webp': () => draw().webp().toBuffer(),
};

test.each(Object.entries(files))('keeps a reference image of type %s under its hash, readable by a presigned URL', async (type, encode) => {
  await using world = await setup();
  const bytes = await encode();
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  expect(await world.storage.keepInput('acme', bytes, MAX_BYTES)).toEqual({ kind: 'kept', input: { tenantPart: 'acme', sha256 } });
  const url = await world.storage.presignInput({ tenantPart: 'acme', sha256 }, 60);
  expect(new URL(url).pathname).toBe(`/${world.s3.bucket}/inputs/acme/${sha256}`);
  const response = await fetch(url, { headers: { connection: 'close' } });
  expect(response.headers.get('content-type')).toBe(type);
  expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes);
});

test('keeps the same reference image once, even if written twice at once', async () => {
  await using world = await setup();
  const bytes = await files['image/png']();
  const kept = await Promise.all(Array.from({ length: 5 }, () => world.storage.keepInput('acme', bytes, MAX_BYTES)));
  expect(new Set(kept.map((each) => JSON.stringify(each))).size).toBe(1);
});

test('keeps the images of each tenant in a folder of its own, whatever its name', async () => {
  await using world = await setup();
  const bytes = await files['image/png']();
  const paths = [];
  for (const tenant of ['acme', '..', 'a@b']) {
    const kept = await world.storage.keepInput(tenant, bytes, MAX_BYTES);
    if (kept.kind !== 'kept') throw new Error(kept.detail);
    const url = await world.storage.presignInput(kept.input, 60);
    expect((await fetch(url, { headers: { connection: 'close' } })).status).toBe(200);
    paths.push(new URL(url).pathname.split('/').slice(2, -1).join('/'));
  }
  expect(paths).toEqual(['inputs/acme', 'inputs/~2e~2e', 'inputs/a~40b']);
});

test('does not keep bytes that are no image, truncated, too large or of absurd size', async () => {
  await using world = await setup();
  const png = await files['image/png']();
  const wide = await sharp({ create: { width: 16_385, height: 16, channels: 3, background: '#000' } })
    .png()
    .toBuffer();
  const refused = [
    [Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'), 'not-an-image'],
    [png.subarray(0, png.length - 20), 'incomplete'],
    [Buffer.alloc(0), 'too-small'],
    [wide, 'wrong-dimensions'],
  ] as const;
  for (const [bytes, reason] of refused)
    expect(await world.storage.keepInput('acme', bytes, MAX_BYTES)).toMatchObject({ kind: 'invalid', reason });
  expect(await world.storage.keepInput('acme', png, png.length - 1)).toMatchObject({ kind: 'invalid', reason: 'too-large' });
  expect(world.s3.countOf('PutObject')).toBe(0);
});

test('reads a verified image as it was verified, and throws for other bytes under its key', async () => {
  await using world = await setup();
  const bytes = await files['image/jpeg']();
  const kept = await world.storage.keepInput('acme', bytes, MAX_BYTES);
  if (kept.kind !== 'kept') throw new Error(kept.detail);
  const image = { key: `inputs/acme/${kept.input.sha256}`, sizeBytes: bytes.length, sha256: kept.input.sha256 };
  expect(await world.storage.readVerified(image)).toEqual(bytes);
  expect(await world.storage.readVerified({ ...image, key: 'images/2026/01/01/none.jpg' })).toBeUndefined();
  for (const changed of [{ sha256: '0'.repeat(64) }, { sizeBytes: bytes.length - 1 }]) {
    await expect(world.storage.readVerified({ ...image, ...changed })).rejects.toMatchObject({
      code: 'storage.damaged-image',
      retryable: false,
      details: { key: image.key },
    });
  }
});
