import { eventually } from '@darkroom/testing';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { imageKey, quarantineKey } from '../src/index.ts';
import { refOf, setup as setupWorld, upload, ways } from './world.ts';

const jpg = { format: 'JPG', contentType: 'image/jpeg' } as const;
const text = (read: { kind: string; bytes?: Uint8Array }): string => Buffer.from(read.bytes ?? []).toString();

describe.each(ways)('requests by %s', (_way, createRequests) => {
  const setup = (config: Parameters<typeof setupWorld>[0] = {}) => setupWorld(config, createRequests);

  test('reports a missing upload as missing', async () => {
    await using world = await setup();
    expect(await world.storage.readStaging(refOf())).toEqual({ kind: 'missing' });
    expect(await world.storage.readImage(refOf(), 'JPG')).toEqual({ kind: 'missing' });
  });

  test('reads an upload in one request', async () => {
    await using world = await setup();
    const ref = refOf();
    await upload(await world.storage.presignUpload(ref, 60), Buffer.from('uploaded'));
    expect(text(await world.storage.readStaging(ref))).toBe('uploaded');
    await eventually(() => expect(world.s3.countOf('GetObject')).toBe(1));
  });

  test('finds an empty upload', async () => {
    await using world = await setup();
    const ref = refOf();
    await upload(await world.storage.presignUpload(ref, 60), Buffer.alloc(0), { 'content-length': '0' });
    expect(await world.storage.readStaging(ref)).toMatchObject({ kind: 'found', bytes: { byteLength: 0 } });
  });

  test('returns only the size of an upload over the limit', async () => {
    await using world = await setup({ maxImageBytes: 1000 });
    const ref = refOf();
    const url = await world.storage.presignUpload(ref, 60);
    await upload(url, Buffer.alloc(5_000_000));
    expect(await world.storage.readStaging(ref)).toEqual({ kind: 'too-large', sizeBytes: 5_000_000 });
    await upload(url, Buffer.alloc(1000));
    expect(await world.storage.readStaging(ref)).toMatchObject({ kind: 'found' });
  });

  test('keeps an image once and never replaces it', async () => {
    await using world = await setup();
    const ref = refOf();
    expect(await world.storage.keepImage(ref, jpg, Buffer.from('first'))).toBe('kept');
    expect(await world.storage.keepImage(ref, jpg, Buffer.from('second'))).toBe('already-there');
    expect(text(await world.storage.readImage(ref, 'JPG'))).toBe('first');
  });

  test('one of many concurrent writers keeps an image', async () => {
    await using world = await setup();
    const ref = refOf();
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, (_, worker) => world.storage.keepImage(ref, jpg, Buffer.from(`worker ${worker}`))),
    );
    expect(outcomes.filter((outcome) => outcome === 'kept')).toHaveLength(1);
    expect(text(await world.storage.readImage(ref, 'JPG'))).toBe(`worker ${outcomes.indexOf('kept')}`);
  });

  test('verifies an upload against its order and keeps it under the key of the verdict', async () => {
    await using world = await setup();
    const ref = refOf();
    const order = { outputFormat: 'PNG', dimensions: { kind: 'exact', width: 576, height: 1248 } } as const;
    const png = await sharp({ create: { width: 576, height: 1248, channels: 3, background: '#123' } })
      .png()
      .toBuffer();
    await upload(await world.storage.presignUpload(ref, 60), new Uint8Array(png));

    const staged = await world.storage.readStaging(ref);
    const verdict = world.storage.verify(ref, order, staged.kind === 'found' ? staged.bytes : new Uint8Array());
    expect(verdict).toMatchObject({ kind: 'valid', image: { key: imageKey(ref, 'PNG'), width: 576, height: 1248, sizeBytes: png.length } });
    if (verdict.kind === 'valid') expect(await world.storage.keepImage(ref, verdict.image, png)).toBe('kept');

    const other = { outputFormat: 'PNG', dimensions: { kind: 'exact', width: 1024, height: 1024 } } as const;
    expect(world.storage.verify(ref, other, png)).toEqual({
      kind: 'invalid',
      reason: 'wrong-dimensions: 576x1248 instead of 1024x1024',
      isImage: true,
    });
    expect(world.storageWith({ maxImageBytes: 100 }).verify(ref, order, png)).toMatchObject({
      kind: 'invalid',
      reason: expect.stringContaining('too-large'),
    });
  });

  test('a second submission of an image has its own key', async () => {
    await using world = await setup();
    const first = refOf();
    const second = { ...first, n: 2 };
    expect(await world.storage.keepImage(first, jpg, Buffer.from('first'))).toBe('kept');
    expect(await world.storage.keepImage(second, jpg, Buffer.from('second'))).toBe('kept');
    expect(imageKey(first, 'JPG')).not.toBe(imageKey(second, 'JPG'));
  });

  test('quarantine keeps the first bytes, under a type that no browser runs', async () => {
    await using world = await setup();
    const ref = refOf();
    expect(await world.storage.quarantine(ref, Buffer.from('<html>'))).toBe(quarantineKey(ref));
    expect(await world.storage.quarantine(ref, Buffer.from('other'))).toBe(quarantineKey(ref));
    const response = await fetch(await world.storage.presignRead(quarantineKey(ref), 60));
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    expect(await response.text()).toBe('<html>');
  });
});
