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
  'response taskType: is there, and no field that the page does not name': async (world) => {
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
  'response imageUUID: is the one of the provider': async (world) => {
    const { item, made } = await itemOf(world);
    expect(item.imageUUID).toMatch(UUID_V4);
    expect((await world.billed(made.generation))[0]?.images[0]?.imageUUID).toBe(item.imageUUID);
  },
  'response imageURL: leads to our bucket and to the bytes': async (world) => {
    const { item } = await itemOf(world, { outputType: 'URL' });
    expect(item.imageURL).toContain(`${world.fleet.s3Config.endpoint}/darkroom/images/`);
    expect((await bytesOf(item as Made['items'][number])).type).toBe('image/jpeg');
  },
  'response imageBase64Data: is base64 without a prefix': async (world) => {
    const { item } = await itemOf(world, { outputType: 'base64Data' });
    expect(Buffer.from(item.imageBase64Data ?? '', 'base64').toString('base64')).toBe(item.imageBase64Data);
    expect(
      Buffer.from(item.imageBase64Data ?? '', 'base64')
        .subarray(0, 3)
        .toString('hex'),
    ).toBe('ffd8ff');
  },
  'response imageDataURI: names the type of the format': async (world) => {
    const { item } = await itemOf(world, { outputType: 'dataURI' });
    expect(item.imageDataURI).toMatch(/^data:image\/jpeg;base64,\/9j\//);
  },
  'response seed: is the whole number of the record': async (world) => {
    const { item, made } = await itemOf(world);
    expect(item.seed).toBe(made.generation.images[0]?.seed);
    expect(Number.isInteger(item.seed)).toBe(true);
  },
  'response NSFWContent: is there if the provider checked the content': async (world) => {
    expect((await itemOf(world)).item.NSFWContent).toBe(false);
  },
  'response cost: is a number of US dollars': async (world) => {
    expect((await itemOf(world)).item.cost).toBe(0.02);
  },
};
