import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { responseItemSchema } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import type { FaultsInput } from '../src/app.ts';
import { download, imageTask, setup } from './world.ts';
import { virtualClock } from './virtual-clock.ts';

test('the answer to a synchronous task is its result', async () => {
  const { post, emulator } = await setup();
  const task = imageTask({ includeCost: true });
  const { status, data } = await post([task]);
  expect(status).toBe(200);
  const [item] = data;
  expect(responseItemSchema.parse(item)).toMatchObject({ taskUUID: task.taskUUID, cost: 0.02 });
  expect(Object.keys(item ?? {})).toEqual(['taskType', 'taskUUID', 'imageUUID', 'imageURL', 'seed', 'cost']);
  expect(item?.['imageURL']).toBe(`${emulator.url}/image/${String(item?.['imageUUID'])}.jpg`);
});

test('the image at its address is the one on the bill, in the requested size and format', async () => {
  const { post, billOf } = await setup();
  for (const [outputFormat, type, format] of [
    ['JPG', 'image/jpeg', 'jpeg'],
    ['PNG', 'image/png', 'png'],
    ['WEBP', 'image/webp', 'webp'],
  ]) {
    const task = imageTask({ outputFormat, width: 1280, height: 896 });
    const { data } = await post([task]);
    const image = await download(data[0]?.['imageURL']);
    expect(image).toMatchObject({ status: 200, type });
    expect(await sharp(image.bytes).metadata()).toMatchObject({ format, width: 1280, height: 896 });
    const execution = (await billOf('execution')).find(({ taskUUID }) => taskUUID === task.taskUUID);
    expect(execution).toMatchObject({
      images: [
        {
          imageUUID: data[0]?.['imageUUID'],
          sha256: createHash('sha256').update(image.bytes).digest('hex'),
          sizeBytes: image.bytes.length,
        },
      ],
    });
  }
});

test('an image comes as an address, as base64 or as a data URI', async () => {
  const { post } = await setup();
  const { data } = await post([imageTask({ outputType: 'base64Data' }), imageTask({ outputType: 'dataURI', outputFormat: 'WEBP' })]);
  const [base64, dataUri] = data;
  expect(base64).not.toHaveProperty('imageURL');
  expect(await sharp(Buffer.from(String(base64?.['imageBase64Data']), 'base64')).metadata()).toMatchObject({ format: 'jpeg', width: 576 });
  const [head, body = ''] = String(dataUri?.['imageDataURI']).split(',');
  expect(head).toBe('data:image/webp;base64');
  expect(await sharp(Buffer.from(body, 'base64')).metadata()).toMatchObject({ format: 'webp', height: 1248 });
});

test('without a size the image is 1024x1024, also with a resolution or references', async () => {
  const { post } = await setup();
  const inputs = { referenceImages: ['https://example.com/a.png'] };
  for (const geometry of [{}, { resolution: '1K' }, { inputs }, { inputs, resolution: '1K' }]) {
    const { data } = await post([imageTask({ width: undefined, height: undefined, ...geometry })]);
    const { bytes } = await download(data[0]?.['imageURL']);
    expect(await sharp(bytes).metadata()).toMatchObject({ width: 1024, height: 1024 });
  }
});

test('each of several results has its own seed, id and image', async () => {
  const { post, billOf } = await setup();
  const { data } = await post([imageTask({ numberResults: 4, includeCost: true })]);
  for (const field of ['seed', 'imageUUID', 'imageURL']) expect(new Set(data.map((item) => item[field])).size, field).toBe(4);
  expect(data.map(({ cost }) => cost)).toEqual([0.02, 0.02, 0.02, 0.02]);
  const [execution] = await billOf('execution');
  expect(execution).toMatchObject({ costUsd: '0.08', images: [{}, {}, {}, {}] });
});

test('references cost 0.002 USD each, or once with per-request', async () => {
  const { post, setFaults } = await setup();
  const inputs = { referenceImages: ['https://example.com/a.png', 'https://example.com/b.png'] };
  expect((await post([imageTask({ inputs, includeCost: true })])).data).toMatchObject([{ cost: 0.024 }]);
  await setFaults({ referenceImageCharge: 'per-request' });
  expect((await post([imageTask({ inputs, includeCost: true })])).data).toMatchObject([{ cost: 0.022 }]);
});

test.each([
  ['quoted', 0.02, '0.02'],
  ['absent', undefined, '0.02'],
  ['zero', 0, '0.02'],
  ['surcharged', 0.03, '0.03'],
] as const)('with cost "%s" the result says %s and the bill %s', async (cost, said, billed) => {
  const { post, billOf } = await setup({ faults: { cost } });
  expect((await post([imageTask({ includeCost: true })])).data[0]?.['cost']).toBe(said);
  expect(await billOf('execution')).toMatchObject([{ costUsd: billed }]);
});

test('the content check finds the word "nsfw", and runs only if it is requested', async () => {
  const { post } = await setup();
  const check = async (positivePrompt: string, safety?: object) =>
    (await post([imageTask({ positivePrompt, safety })])).data[0]?.['NSFWContent'];
  expect(await check('an NSFW picture', { checkContent: true })).toBe(true);
  expect(await check('an nsfw picture', { mode: 'fast' })).toBe(true);
  expect((await post([imageTask({ positivePrompt: 'an nsfw picture', checkNSFW: true })])).data[0]).toHaveProperty('NSFWContent', true);
  expect(await check('a picture', { checkContent: true })).toBe(false);
  expect(await check('an nsfw picture')).toBeUndefined();
  expect(await check('an nsfw picture', { checkContent: false, mode: 'none' })).toBeUndefined();
});

test('an image can be fetched until its ttl ends', async () => {
  const clock = virtualClock();
  const { post } = await setup({ clock });
  const { data } = await post([imageTask({ ttl: 60 })]);
  const url = data[0]?.['imageURL'];
  clock.advance(59_000);
  expect((await download(url)).status).toBe(200);
  clock.advance(1_000);
  expect((await download(url)).status).toBe(404);
});

test('an address without an image, or with another extension, answers 404', async () => {
  const { post, emulator } = await setup();
  const { data } = await post([imageTask()]);
  expect((await download(`${emulator.url}/image/nothing.jpg`)).status).toBe(404);
  expect((await download(String(data[0]?.['imageURL']).replace('.jpg', '.png'))).status).toBe(404);
});

test('with imageUrlGoneRate an address answers 404, although the image is on the bill', async () => {
  const { post, billOf } = await setup({ faults: { imageUrlGoneRate: 1 } });
  const { data } = await post([imageTask()]);
  expect((await download(data[0]?.['imageURL'])).status).toBe(404);
  expect(await billOf('execution')).toHaveLength(1);
});

test.each(['404', '403', '410', '401', '400', 'html', 'empty', 'truncated', 'other-size', 'redirect'] as const)(
  'an address answers with "%s" before it has the image',
  async (imageUrlLateAnswer) => {
    const clock = virtualClock();
    const { post, billOf } = await setup({ clock, faults: { imageUrlLateRate: 1, imageUrlLateMs: 60_000, imageUrlLateAnswer } });
    const { data } = await post([imageTask()]);
    const url = data[0]?.['imageURL'];
    const executions = JSON.stringify(await billOf('execution'));
    const sha256Of = ({ bytes }: { bytes: Buffer }) => createHash('sha256').update(bytes).digest('hex');
    const isImage = async (): Promise<boolean> => {
      const image = await download(url);
      return image.status === 200 && executions.includes(sha256Of(image));
    };
    expect(await isImage()).toBe(false);
    clock.advance(60_000);
    expect(await isImage()).toBe(true);
  },
);

test('with imageUrlMovesRate an image moves to another address', async () => {
  const clock = virtualClock();
  const { post, poll } = await setup({ clock, faults: { imageUrlMovesRate: 1, imageUrlMovesMs: 60_000 } });
  const task = imageTask();
  const first = String((await post([task])).data[0]?.['imageURL']);
  expect((await download(first)).status).toBe(410);
  expect((await download(first.replace('.jpg', '-moved.jpg'))).status).toBe(404);
  clock.advance(60_000);
  const second = (await poll(task.taskUUID)).data[0]?.['imageURL'];
  expect(second).not.toBe(first);
  expect((await download(second)).status).toBe(200);
  expect((await download(first)).status).toBe(410);
});

test.each([
  ['failTimeoutProviderRate', 'timeoutProvider', 504],
  ['failProviderErrorRate', 'providerError', 500],
  ['failContentPolicyRate', 'contentPolicyViolation', 400],
])('with %s a synchronous task fails with %s', async (rate, code, status) => {
  const { post, billOf } = await setup({ faults: { [rate]: 1 } });
  const task = imageTask();
  expect(await post([task])).toMatchObject({ status, data: [], errors: [{ code, taskUUID: task.taskUUID, taskType: 'imageInference' }] });
  expect(await billOf('failure')).toMatchObject([{ taskUUID: task.taskUUID, code, costUsd: '0' }]);
  expect(await billOf('execution')).toEqual([]);
});

test('with failedTasksCharged a failed task is charged', async () => {
  const { post, billOf } = await setup({ faults: { failProviderErrorRate: 1, failedTasksCharged: true } });
  expect((await post([imageTask({ includeCost: true })])).errors[0]).not.toHaveProperty('cost');
  expect(await billOf('failure')).toMatchObject([{ costUsd: '0.02' }]);
});

test('with failedTasksTellCost a charged failure names its cost, in every form', async () => {
  const charged: FaultsInput = { failProviderErrorRate: 1, failedTasksCharged: true, failedTasksTellCost: true };
  const { post, poll, setFaults } = await setup({ faults: charged });
  const task = imageTask({ includeCost: true });
  expect((await post([task])).errors).toMatchObject([{ code: 'providerError', cost: 0.02 }]);
  expect((await poll(task.taskUUID)).errors).toMatchObject([{ code: 'providerError', cost: 0.02 }]);
  for (const pollErrorShape of ['data-nested', 'data-flat'] as const) {
    await setFaults({ ...charged, pollErrorShape });
    expect((await poll(task.taskUUID)).data, pollErrorShape).toMatchObject([{ status: 'error', cost: 0.02 }]);
  }
});
