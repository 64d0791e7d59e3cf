import { createGenerationId } from '@darkroom/contracts';
import { describe, expect, test } from 'vitest';
import { imageKey, MAX_PRESIGN_SECONDS } from '../src/index.ts';
import { intentOf, NOW, refOf, setup as setupWorld, upload, ways } from './world.ts';

const bytes = Buffer.from('not an image, but bytes');

describe.each(ways)('requests by %s', (_way, createRequests) => {
  const setup = (config: Parameters<typeof setupWorld>[0] = {}) => setupWorld(config, createRequests);

  test('an upload URL signs the host header alone', async () => {
    await using world = await setup();
    const url = new URL(await world.storageWith({}, () => NOW).presignUpload(refOf(), 3600));
    expect(url.searchParams.get('X-Amz-SignedHeaders')).toBe('host');
    expect(url.searchParams.get('X-Amz-Expires')).toBe('3600');
    expect(url.searchParams.get('X-Amz-Date')).toBe('20261122T120000Z');
    const names = [...url.searchParams.keys()].map((name) => name.toLowerCase());
    expect(names.filter((name) => name.startsWith('x-amz-checksum') || name.includes('sdk-checksum'))).toEqual([]);
  });

  test.each([
    ['without a content type', {}],
    ['with the type of the image', { 'content-type': 'image/jpeg' }],
    ['with a type of its own', { 'content-type': 'application/octet-stream' }],
  ])('accepts a bare PUT %s', async (_name, headers) => {
    await using world = await setup();
    const ref = refOf();
    expect((await upload(await world.storage.presignUpload(ref, 60), bytes, headers)).status).toBe(200);
    const staged = await world.storage.readStaging(ref);
    expect(staged.kind === 'found' && Buffer.from(staged.bytes).equals(bytes)).toBe(true);
  });

  test('an upload URL accepts a second upload until it expires', async () => {
    await using world = await setup();
    const ref = refOf();
    const url = await world.storage.presignUpload(ref, 60);
    await upload(url, bytes);
    expect((await upload(url, Buffer.from('other'))).status).toBe(200);
  });

  test('an upload URL fails for another key, another method or after its time', async () => {
    await using world = await setup();
    const ref = refOf();
    const url = await world.storage.presignUpload(ref, 60);
    expect((await upload(url.replace(/staging\/[0-9a-f-]+/, 'staging/other'), bytes)).status).toBe(403);
    expect((await fetch(url)).status).toBe(403);
    const expired = await world.storageWith({}, () => Date.now() - 120_000).presignUpload(ref, 60);
    expect((await upload(expired, bytes)).status).toBe(403);
  });

  test('a read URL returns the object under the requested type and name', async () => {
    await using world = await setup();
    const ref = { generationId: createGenerationId(NOW), index: 0, n: 1 };
    await world.storage.keepImage(ref, { format: 'JPG', contentType: 'image/jpeg' }, bytes);
    const key = imageKey(ref, 'JPG');
    const plain = await fetch(await world.storage.presignRead(key, 60));
    expect(plain.headers.get('content-type')).toBe('image/jpeg');
    expect(Buffer.from(await plain.arrayBuffer()).equals(bytes)).toBe(true);
    const named = await fetch(await world.storage.presignRead(key, 60, { contentType: 'image/png', downloadName: 'a "b"\r\n.jpg' }));
    expect(named.headers.get('content-type')).toBe('image/png');
    expect(named.headers.get('content-disposition')).toBe('attachment; filename="a__b___.jpg"');
    await named.arrayBuffer();
  });

  test.each([0, -1, 1.5, MAX_PRESIGN_SECONDS + 1])('refuses a lifetime of %d seconds', async (seconds) => {
    await using world = await setup();
    await expect(world.storage.presignUpload(refOf(), seconds)).rejects.toThrow(RangeError);
  });

  test('an upload URL has the public address, which may differ from that of this process', async () => {
    await using world = await setup();
    const publicEndpoint = world.s3.endpoint.replace('127.0.0.1', 'localhost');
    const storage = world.storageWith({ publicEndpoint });
    const ref = refOf();
    const url = await storage.presignUpload(ref, 60);
    expect(new URL(url).origin).toBe(publicEndpoint);
    expect(new URL(await storage.presignRead('images/a.jpg', 60)).origin).toBe(publicEndpoint);
    expect((await upload(url, bytes)).status).toBe(200);
    expect((await storage.readStaging(ref)).kind).toBe('found');
  });

  test("a public address without a server does not disturb this process's own requests", async () => {
    await using world = await setup();
    const storage = world.storageWith({ publicEndpoint: 'https://s3.example/behind/a/proxy' });
    const ref = refOf();
    expect(await storage.presignUpload(ref, 60)).toMatch(/^https:\/\/s3\.example\/behind\/a\/proxy\/[^/]+\/staging\//);
    await storage.recordIntent(intentOf(ref));
    expect(await storage.findIntent(ref, 0)).toBeDefined();
  });
});
