import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createErasingStorage } from '@darkroom/object-storage';
import { expect, test } from 'vitest';
import { createImages } from '../src/images/index.ts';
import { setupImages } from './images-world.ts';

async function setupFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'darkroom-forms-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

test('one image in every form, whatever the request asked for', async () => {
  await using world = await setupImages();
  await using folder = await setupFolder();
  for (const outputType of ['URL', 'base64Data'] as const) {
    const { generation, bytes } = await world.keep({ outputType });
    const image = world.images.image(generation, 0);
    expect(image).toMatchObject({ index: 0, image: { contentType: 'image/png', width: 1024, height: 1024 } });
    expect(Buffer.from(await image.bytes())).toEqual(Buffer.from(bytes));
    expect(await buffer(await image.stream())).toEqual(Buffer.from(bytes));
    const response = await fetch(await image.url({ ttlSeconds: 60, downloadName: 'door.png' }), { headers: { connection: 'close' } });
    expect(Buffer.from(await response.arrayBuffer())).toEqual(Buffer.from(bytes));
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="door.png"');
    const file = join(folder.path, 'door.png');
    await writeFile(file, 'an older file');
    await image.save(file);
    expect(await readFile(file)).toEqual(Buffer.from(bytes));
    expect(await readdir(folder.path)).toEqual(['door.png']);
  }
});

test('no byte of a damaged image leaves, and no file appears', async () => {
  await using world = await setupImages();
  await using folder = await setupFolder();
  const { generation, image } = await world.keep();
  const damaged = world.images.image({ ...generation, images: [{ ...image, image: { ...image.image!, sha256: '0'.repeat(64) } }] }, 0);
  const expected = { code: 'storage.damaged-image' };
  await expect(damaged.bytes()).rejects.toMatchObject(expected);
  await expect(damaged.stream()).rejects.toMatchObject(expected);
  await expect(damaged.save(join(folder.path, 'door.png'))).rejects.toMatchObject(expected);
  expect(await readdir(folder.path)).toEqual([]);
});

test('an image that was erased after its generation was read is told as erased, in every form that has its bytes', async () => {
  await using world = await setupImages();
  await using folder = await setupFolder();
  const { generation } = await world.keep({ outputType: 'base64Data' });
  const { generationId } = generation;
  const { bucket, region, endpoint, credentials } = world.s3;
  const eraser = createErasingStorage({ bucket, region, endpoint, credentials, requestTimeoutMs: 5000 });
  expect(await eraser.deleteImages(generationId, [{ generationId, index: 0, n: 1 }])).toBe(1);
  eraser.close();
  const image = world.images.image(generation, 0);
  const expected = { code: 'generation.erased', retryable: false, details: { generationId, index: 0 } };
  const reads = [image.bytes(), image.stream(), image.save(join(folder.path, 'door.png')), world.images.read(generation, 0)];
  await Promise.all(reads.map((read) => expect(read).rejects.toMatchObject(expected)));
  expect(await readdir(folder.path)).toEqual([]);
});

test('a file that cannot be written leaves nothing behind', async () => {
  await using world = await setupImages();
  await using folder = await setupFolder();
  const { generation } = await world.keep();
  const image = world.images.image(generation, 0);
  await expect(image.save(join(folder.path, 'missing', 'door.png'))).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(image.save(folder.path)).rejects.toThrow(/EISDIR|EEXIST|EPERM|ENOTEMPTY/); // a folder stands there
  expect(await readdir(folder.path)).toEqual([]);
});

test('with a CDN the address is its base and the key', async () => {
  await using world = await setupImages({ cdnUrl: 'https://cdn.example/pictures/' });
  const { generation, image } = await world.keep();
  const { key } = image.image!;
  expect(await world.images.image(generation, 0).url()).toBe(`https://cdn.example/pictures/${key}`);
  await expect(world.images.image(generation, 0).url({ ttlSeconds: 60 })).rejects.toThrow(/options\.ttlSeconds: does not apply/);
  expect((await world.images.read(generation, 0)).imageURL).toContain('X-Amz-Signature');
});

test('refuses wrong options of a URL all at once, and a CDN that is no address', async () => {
  await using world = await setupImages();
  const { generation } = await world.keep();
  const wrong = { ttlSeconds: 700_000, downloadName: '', filename: 'x' } as never; // a value that the types forbid
  await expect(world.images.image(generation, 0).url(wrong)).rejects.toThrow(
    /3 problems.*did you mean "downloadName".*604800.*name of a file/s,
  );
  expect(() => createImages({} as never)).toThrow(/bucket: is missing/); // a value that the types forbid
  expect(() => createImages({ bucket: 'photos', cdnUrl: 'cdn.example?x=hunter2' })).toThrow(/cdnUrl: does not begin with http/);
  expect(() => createImages({ bucket: 'photos', cdn: 'https://cdn.example' } as never)).toThrow(/did you mean "cdnUrl"/); // a value that the types forbid
});
