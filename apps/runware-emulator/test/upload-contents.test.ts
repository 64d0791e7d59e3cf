import { createHash } from 'node:crypto';
import { eventually } from '@darkroom/testing';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import type { FaultsInput } from '../src/app.ts';
import { openInbox } from './inbox.ts';
import { virtualClock } from './virtual-clock.ts';
import { asyncTask, download, setup, type World } from './world.ts';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Makes an image and uploads it under these switches. */
async function uploadUnder(world: World, faults: FaultsInput, changes: object = {}) {
  await world.setFaults(faults);
  const inbox = await openInbox();
  const task = asyncTask({ uploadEndpoint: inbox.url, ...changes });
  await world.post([task]);
  const count = faults.uploadReplayRate === 1 ? 2 : 1;
  const uploads = await eventually(() => {
    expect(inbox.uploads()).toHaveLength(count);
    return inbox.uploads().map(({ body }) => body);
  });
  const lines = (await world.bill()).filter(({ taskUUID }) => taskUUID === task.taskUUID);
  const [billed] = lines.flatMap((line) => (line.kind === 'execution' ? line.images : []));
  const named = lines.flatMap((line) => (line.kind === 'upload' ? [{ content: line.content, sha256: line.sha256 }] : []));
  return { task, uploads, billed, named };
}

test('an upload may be a page of HTML, in another format or size; the bill names its bytes and those of the image', async () => {
  const world = await setup();
  const html = await uploadUnder(world, { uploadHtmlRate: 1 });
  expect(html.uploads[0]?.toString()).toMatch(/^<!doctype html>/);

  const format = await uploadUnder(world, { uploadOtherFormatRate: 1 });
  expect(await sharp(format.uploads[0]).metadata()).toMatchObject({ format: 'png', width: 576, height: 1248 });
  const png = await uploadUnder(world, { uploadOtherFormatRate: 1 }, { outputFormat: 'PNG' });
  expect(await sharp(png.uploads[0]).metadata()).toMatchObject({ format: 'jpeg', width: 576, height: 1248 });

  const size = await uploadUnder(world, { uploadOtherSizeRate: 1 });
  expect(await sharp(size.uploads[0]).metadata()).toMatchObject({ format: 'jpeg', width: 288, height: 624 });

  const contents = { html, 'other-format': format, 'other-size': size };
  for (const [content, { task, uploads, billed, named }] of Object.entries(contents)) {
    expect(named, content).toEqual([{ content, sha256: sha256(uploads[0] ?? Buffer.alloc(0)) }]);
    expect(billed?.sha256, content).not.toBe(named[0]?.sha256);
    // The image itself is at its own address.
    const [result] = (await world.poll(task.taskUUID)).data;
    expect(sha256((await download(result?.['imageURL'])).bytes), content).toBe(billed?.sha256);
  }
});

test('a right upload is on the bill as the image itself', async () => {
  const { uploads, billed, named } = await uploadUnder(await setup(), {});
  expect(named).toEqual([{ content: 'image', sha256: billed?.sha256 }]);
  expect(sha256(uploads[0] ?? Buffer.alloc(0))).toBe(billed?.sha256);
});

test('with uploadReplayRate the address of an upload gets another image, or other bytes', async () => {
  const world = await setup();
  const other = await uploadUnder(world, { uploadReplayRate: 1 });
  expect(await sharp(other.uploads[1]).metadata()).toMatchObject({ format: 'jpeg', width: 576, height: 1248 });
  expect(other.named.map(({ content }) => content)).toEqual(['image', 'other-image']);
  expect(other.uploads.map(sha256)).toEqual(other.named.map((upload) => upload.sha256));
  expect(new Set(other.named.map((upload) => upload.sha256)).size).toBe(2);

  for (const uploadReplayBytes of ['truncated', 'empty', 'html', 'other-format', 'other-size'] as const) {
    const { named, uploads } = await uploadUnder(world, { uploadReplayRate: 1, uploadReplayBytes });
    expect(named[1], uploadReplayBytes).toEqual({ content: uploadReplayBytes, sha256: sha256(uploads[1] ?? Buffer.from('none')) });
  }

  const corrected = await uploadUnder(world, { uploadHtmlRate: 1, uploadReplayRate: 1, uploadReplayBytes: 'image' });
  expect(corrected.named.map(({ content }) => content)).toEqual(['html', 'image']);
  expect(sha256(corrected.uploads[1] ?? Buffer.alloc(0))).toBe(corrected.billed?.sha256);
});

test('with uploadReplayAfterMs that second PUT comes later', async () => {
  const clock = virtualClock();
  const world = await setup({ clock });
  await uploadUnder(world, { uploadReplayRate: 1, uploadReplayAfterMs: [600_000, 600_000] });
  expect(Math.max(...clock.sleeps)).toBeGreaterThan(599_000);
});
