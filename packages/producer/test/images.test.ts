import { ConfigError, responseFields, responseItemSchema, taskUuidOf } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { createImages } from '../src/images/index.ts';
import { setupImages } from './images-world.ts';

const get = async (url = ''): Promise<{ status: number; type: string | null; disposition: string | null; bytes: Buffer }> => {
  const response = await fetch(url, { headers: { connection: 'close' } });
  const { status, headers } = response;
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status, type: headers.get('content-type'), disposition: headers.get('content-disposition'), bytes };
};
const secondsOf = (url = ''): number => Number(new URL(url).searchParams.get('X-Amz-Expires'));

test('a URL returns the image with its type, without further access rights', async () => {
  await using world = await setupImages();
  const { generation, image, bytes } = await world.keep();
  const result = await world.images.read(generation, 0);
  expect(result).toMatchObject({ index: 0, image: image.image, seed: image.seed, imageUUID: image.imageUUID });
  expect(await get(result.imageURL)).toEqual({ status: 200, type: 'image/png', disposition: null, bytes: Buffer.from(bytes) });
  for (const field of ['imageBase64Data', 'imageDataURI', 'cost', 'NSFWContent']) expect(result).not.toHaveProperty(field);
});

test('a name makes a browser save the image', async () => {
  await using world = await setupImages();
  const { generation } = await world.keep();
  const { imageURL } = await world.images.read(generation, 0, { downloadName: 'red "door"\r\n.png' });
  expect((await get(imageURL)).disposition).toBe('attachment; filename="red__door___.png"');
});

test.each([
  [undefined, 3600],
  [60, 60],
  [86_400, 86_400],
  [8 * 86_400, 7 * 86_400],
])('with a ttl of %s s a URL is valid for %i s', async (ttl, seconds) => {
  await using world = await setupImages();
  const { generation } = await world.keep(ttl === undefined ? {} : { ttl });
  const { imageURL, expiresAt } = await world.images.read(generation, 0);
  expect(secondsOf(imageURL)).toBe(seconds);
  expect(expiresAt).toBe(world.now + seconds * 1000);
});

test('base64 and a data URI hold the verified bytes', async () => {
  await using world = await setupImages();
  const base64 = await world.keep({ outputType: 'base64Data' });
  expect(await world.images.read(base64.generation, 0)).toMatchObject({ imageBase64Data: Buffer.from(base64.bytes).toString('base64') });
  const dataUri = await world.keep({ outputType: 'dataURI' });
  const { imageDataURI, ...rest } = await world.images.read(dataUri.generation, 0);
  expect(imageDataURI).toBe(`data:image/png;base64,${Buffer.from(dataUri.bytes).toString('base64')}`);
  for (const field of ['imageURL', 'imageBase64Data', 'expiresAt']) expect(rest).not.toHaveProperty(field);
});

test('refuses to return bytes that differ from the verified ones', async () => {
  await using world = await setupImages();
  const { generation, image } = await world.keep({ outputType: 'base64Data' });
  const damaged = { ...generation, images: [{ ...image, image: { ...image.image!, sha256: '0'.repeat(64) } }] };
  await expect(world.images.read(damaged, 0)).rejects.toMatchObject({ code: 'storage.damaged-image' });
});

test('reports an unfinished image, and an index beyond the generation, as not there', async () => {
  await using world = await setupImages();
  const { generation, image } = await world.keep();
  const { image: _image, ...open } = image;
  const running = { ...generation, images: [{ ...open, status: 'open' as const }] };
  await expect(world.images.read(running, 0)).rejects.toMatchObject({
    code: 'image.not-there',
    message: `could not read image 0 of generation "${generation.generationId}": it is "open"`,
  });
  for (const index of [1, -1, 0.5]) {
    await expect(world.images.read(generation, index)).rejects.toMatchObject({ code: 'image.not-there', retryable: false });
  }
  expect(await world.images.toRunwareResponse(running)).toEqual([]);
});

test('a response has exactly the fields of the page', async () => {
  await using world = await setupImages();
  for (const outputType of ['URL', 'base64Data', 'dataURI'] as const) {
    const { generation } = await world.keep({ outputType, includeCost: true }, { nsfwContent: false });
    const [item] = await world.images.toRunwareResponse(generation);
    const imageField = { URL: 'imageURL', base64Data: 'imageBase64Data', dataURI: 'imageDataURI' }[outputType];
    const fields = Object.keys(responseFields).filter((name) => !/^image(URL|Base64Data|DataURI)$/.test(name) || name === imageField);
    expect(Object.keys(item!).toSorted()).toEqual(fields.toSorted());
    expect(responseItemSchema.parse(item)).toMatchObject({ taskType: 'imageInference', seed: 1218818176, NSFWContent: false, cost: 0.02 });
  }
});

test("taskUUID is the caller's own, or else that of the first purchase", async () => {
  await using world = await setupImages();
  const taskUUID = '39571168-687a-4aec-a253-df7be20bd0d4';
  const named = await world.keep({ taskUUID });
  expect(await world.images.toRunwareResponse(named.generation)).toMatchObject([{ taskUUID }]);
  const { generation } = await world.keep();
  const { generationId } = generation;
  expect(await world.images.read(generation, 0)).toMatchObject({ taskUUID: taskUuidOf({ generationId, index: 0, n: 1 }) });
});

test('includes the cost if the request asked for it', async () => {
  await using world = await setupImages();
  const silent = await world.keep({ includeCost: false }, { costUsd: '0.022' });
  expect((await world.images.toRunwareResponse(silent.generation))[0]).not.toHaveProperty('cost');
  const { generation } = await world.keep({ includeCost: true }, { costUsd: '0.022' });
  expect((await world.images.toRunwareResponse(generation))[0]).toHaveProperty('cost', 0.022);
});

test('omits facts that Runware never reported, and uses the task id as imageUUID', async () => {
  await using world = await setupImages();
  const { generation, image } = await world.keep();
  const { seed: _seed, imageUUID: _imageUUID, ...bare } = image;
  const [item] = await world.images.toRunwareResponse({ ...generation, images: [bare] });
  expect(item).toMatchObject({ imageUUID: image.taskUUID });
  expect(item).not.toHaveProperty('seed');
});

test('lists all problems of the settings at once, without credentials', () => {
  const create = () =>
    createImages({
      bucket: '',
      region: '',
      endpoint: 'ftp://localhost',
      credentials: { accessKeyId: 'AKIAHUNTER2', secretAccessKey: '' },
      requestTimeoutMs: 0,
      maxReferenceImageBytes: 1.5,
    });
  expect(create).toThrow(ConfigError);
  expect(create).toThrow(/6 settings are wrong/);
  const misplaced = () => createImages({ bucket: 's3://photos', endpoint: 'https://user:HUNTER2@s3.example/photos' });
  expect(misplaced).toThrow(/bucket: is an address, and must be.*endpoint: has a user or a password in it, and must be/s);
  expect(misplaced).not.toThrow(/HUNTER2/);
  expect(create).not.toThrow(/HUNTER2/);
});

test('refuses unknown options without repeating their values', async () => {
  const create = (): unknown =>
    createImages({ bucket: 'bucket', Endpoint: 'https://s3.example', credentials: { accesKeyId: 'hunter2' } } as never); // a value that the types forbid
  expect(create).toThrow(/Endpoint: is not an option \(did you mean "endpoint"\?\)/);
  expect(create).toThrow(/credentials\.accesKeyId: is not an option \(did you mean "accessKeyId"\?\)/);
  expect(create).not.toThrow(/hunter2/);
  await using world = await setupImages();
  const { generation } = await world.keep();
  await expect(world.images.read(generation, 0, { filename: 'a.png' } as never)).rejects.toThrow(/options\.filename: is not an option/); // a value that the types forbid
});
