import { responseFields, responseItemSchema, taskUuidOf } from '@darkroom/contracts';
import { expect } from 'vitest';
import type { Rows } from './row.ts';
import { bytesOf, request, type Made, type PageWorld } from './world.ts';

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const full = { ...request, includeCost: true, safety: { checkContent: true } } as const;

const itemOf = async (world: PageWorld, more: Partial<typeof full & { outputType: 'URL' | 'base64Data' | 'dataURI' }> = {}) => {
  const made: Made = await world.make({ ...full, ...more });
  const [item] = made.items;
  if (item === undefined) throw new Error('there is no item');
  return { item: responseItemSchema.parse(item), made };
};

/** "Response Parameters": what `toRunwareResponse` writes. */
export const responseRows: Rows = {
  'response taskType: and no field that the page does not name': async (world) => {
    const { item } = await itemOf(world);
    expect(item.taskType).toBe('imageInference');
    for (const field of Object.keys(item)) expect(Object.keys(responseFields)).toContain(field);
  },
  'response taskUUID: a UUID v4, the same for all items of one request': async (world) => {
    const { generation, items } = await world.make({ ...full, numberResults: 3 });
    const taskUUID = taskUuidOf({ generationId: generation.generationId, index: 0, n: 1 });
    expect(taskUUID).toMatch(UUID_V4);
    expect(items.map((item) => item.taskUUID)).toEqual([taskUUID, taskUUID, taskUUID]);
  },
  'response imageUUID: the one that the provider gave': async (world) => {
    const { item, made } = await itemOf(world);
    expect(item.imageUUID).toMatch(UUID_V4);
    expect((await world.billed(made.generation))[0]?.images[0]?.imageUUID).toBe(item.imageUUID);
  },
  'response imageURL: of our bucket, with the bytes behind it': async (world) => {
    const { item } = await itemOf(world, { outputType: 'URL' });
    expect(item.imageURL).toContain(`${world.fleet.s3Config.endpoint}/darkroom/images/`);
    expect((await bytesOf(item as Made['items'][number])).type).toBe('image/jpeg');
  },
  'response imageBase64Data: base64 without a head': async (world) => {
    const { item } = await itemOf(world, { outputType: 'base64Data' });
    expect(Buffer.from(item.imageBase64Data ?? '', 'base64').toString('base64')).toBe(item.imageBase64Data);
    expect(
      Buffer.from(item.imageBase64Data ?? '', 'base64')
        .subarray(0, 3)
        .toString('hex'),
    ).toBe('ffd8ff');
  },
  'response imageDataURI: with the type of the format': async (world) => {
    const { item } = await itemOf(world, { outputType: 'dataURI' });
    expect(item.imageDataURI).toMatch(/^data:image\/jpeg;base64,\/9j\//);
  },
  'response seed: a whole number, the one in the record': async (world) => {
    const { item, made } = await itemOf(world);
    expect(item.seed).toBe(made.generation.images[0]?.seed);
    expect(Number.isInteger(item.seed)).toBe(true);
  },
  'response NSFWContent: told when the content was checked': async (world) => {
    expect((await itemOf(world)).item.NSFWContent).toBe(false);
  },
  'response cost: US dollars as a number': async (world) => {
    expect((await itemOf(world)).item.cost).toBe(0.02);
  },
};
