import { describe, expect, test } from 'vitest';
import { responseFields } from './page.ts';
import { responseItemSchema } from './response.ts';

/** The first response of the page. */
const item = {
  taskType: 'imageInference',
  taskUUID: '39571168-687a-4aec-a253-df7be20bd0d4',
  imageUUID: 'c62f6951-f37f-4019-a51c-0ed55c202732',
  imageURL: 'https://im.runware.ai/image/os/a20d05/ws/2/ii/c62f6951-f37f-4019-a51c-0ed55c202732.jpg',
  seed: 1218818176,
  cost: 0.02,
};
const { taskType, taskUUID, imageUUID } = item;
const required = { taskType, taskUUID, imageUUID };

describe('a response item', () => {
  test('has the fields of the page, and requires the required ones', () => {
    const fields = Object.entries(responseItemSchema.shape).map(([name, schema]) => [
      name,
      { required: !schema.safeParse(undefined).success },
    ]);
    expect(Object.fromEntries(fields)).toEqual(
      Object.fromEntries(Object.entries(responseFields).map(([name, field]) => [name, { required: field.required }])),
    );
    expect(Object.keys(responseFields)).toEqual([
      'taskType',
      'taskUUID',
      'imageUUID',
      'imageURL',
      'imageBase64Data',
      'imageDataURI',
      'seed',
      'NSFWContent',
      'cost',
    ]);
  });

  test.each([
    item,
    required,
    { ...required, imageBase64Data: 'iVBORw0KGgo=' },
    { ...required, imageDataURI: 'data:image/png;base64,iVBORw0KGgo=' },
    { ...item, NSFWContent: true, status: 'success', somethingNew: { a: 1 } },
    { ...item, taskUUID: '019c42a0-7c1e-7000-8000-000000000000', seed: 2 ** 60 },
  ])('is read whole, case %#', (given) => {
    expect(responseItemSchema.parse(given)).toEqual(given);
  });

  test.each([
    { ...item, taskType: 'videoInference' },
    { ...item, taskUUID: undefined },
    { ...item, imageUUID: undefined },
    { ...item, imageUUID: 'image 1' },
    { ...item, imageURL: 'not an address' },
    { ...item, seed: 1.5 },
    { ...item, cost: '0.02' },
    { ...item, cost: -1 },
    { ...item, NSFWContent: 'no' },
  ])('is refused if a field differs from the page, case %#', (given) => {
    expect(responseItemSchema.safeParse(given).success).toBe(false);
  });
});
