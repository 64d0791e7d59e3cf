import { expect, test } from 'vitest';
import { asyncTask, imageTask, setup } from './world.ts';

test('a request without a key is refused', async () => {
  const { post } = await setup();
  const reply = await post([imageTask()], { authorization: '' });
  expect(reply.status).toBe(401);
  expect(reply.errors).toMatchObject([{ code: 'missingApiKey', parameter: 'apiKey', taskType: 'authentication' }]);
});

test('a wrong key is refused and nothing is taken down', async () => {
  const { post, bill } = await setup();
  const reply = await post([imageTask()], { authorization: 'Bearer other' });
  expect(reply).toMatchObject({ status: 401, data: [], errors: [{ code: 'invalidApiKey' }] });
  expect(await bill()).toEqual([]);
});

test('the key may come as a first task', async () => {
  const { post } = await setup();
  const task = asyncTask();
  const reply = await post([{ taskType: 'authentication', apiKey: 'key' }, task], { authorization: '' });
  expect(reply).toMatchObject({ status: 200, data: [{ taskUUID: task.taskUUID }] });
});

test('a body that is no array is refused in the shape of every other error', async () => {
  const { post } = await setup();
  expect(await post(imageTask())).toMatchObject({ status: 400, errors: [{ code: 'invalidRequest' }] });
  expect(await post('[{')).toMatchObject({ status: 400, errors: [{ code: 'invalidRequest' }] });
});

test('an unknown taskType is refused with the task named', async () => {
  const { post } = await setup();
  const reply = await post([{ taskType: 'videoInference', taskUUID: 'a' }]);
  expect(reply).toMatchObject({ status: 400, errors: [{ code: 'invalidTaskType', taskType: 'videoInference', taskUUID: 'a' }] });
});

test('several tasks of a request each stand for themselves', async () => {
  const { post } = await setup();
  const [good, bad] = [asyncTask(), asyncTask({ positivePrompt: '' })];
  const reply = await post([bad, good]);
  expect(reply.status).toBe(200);
  expect(reply.data).toEqual([{ taskType: 'imageInference', taskUUID: good.taskUUID }]);
  expect(reply.errors).toMatchObject([{ code: 'invalidPositivePrompt', taskUUID: bad.taskUUID }]);
});

test('an error about a parameter says what the page says of it', async () => {
  const { post } = await setup();
  const task = imageTask({ outputQuality: 100, outputFormat: 'GIF' });
  const reply = await post([task]);
  expect(reply.status).toBe(400);
  expect(reply.data).toEqual([]);
  const names = { taskUUID: task.taskUUID, taskType: 'imageInference' };
  const page = 'https://runware.ai/docs/models/xai-grok-imagine-image#request-';
  expect(reply.errors).toEqual([
    expect.objectContaining({ code: 'invalidOutputFormat', parameter: 'outputFormat', allowedValues: ['JPG', 'PNG', 'WEBP'], ...names }),
    {
      code: 'invalidOutputQuality',
      message: "Invalid value for 'outputQuality' parameter. It must be an integer between 20 and 99.",
      parameter: 'outputQuality',
      type: 'integer',
      min: 20,
      max: 99,
      documentation: `${page}outputquality`,
      ...names,
    },
  ]);
});

test('an unknown parameter is refused, or ignored where the switch says so', async () => {
  const { post, setFaults } = await setup();
  expect(await post([asyncTask({ steps: 20 })])).toMatchObject({ status: 400, errors: [{ code: 'unknownParameter', parameter: 'steps' }] });
  await setFaults({ unknownParameters: 'ignore' });
  expect(await post([asyncTask({ steps: 20 })])).toMatchObject({ status: 200, errors: [] });
});

test('a dry run validates and prices, and leaves no trace', async () => {
  const { post, poll, bill } = await setup();
  const dry = { 'x-runware-dry-run': '1' };
  const task = asyncTask({ numberResults: 3, inputs: { referenceImages: ['https://example.com/a.png'] } });
  expect(await post([task], dry)).toMatchObject({ status: 200, data: [{ taskUUID: task.taskUUID, cost: 0.066 }] });
  expect(await post([{ ...task, width: 1 }], dry)).toMatchObject({ status: 400, errors: [{ code: 'unsupportedDimensions' }] });
  expect((await poll(task.taskUUID)).data).toEqual([]);
  expect(await bill()).toEqual([]);
});

test('the address of the emulator tells what it is', async () => {
  const { emulator } = await setup();
  const response = await fetch(`${emulator.url}/`, { headers: { connection: 'close' } });
  expect(await response.text()).toContain(`curl ${emulator.url}/v1`);
});

test('a switch that does not exist is refused with its name', async () => {
  const { setFaults } = await setup();
  // A wrong name is the point.
  await expect(setFaults({ uploadNeverrate: 1 } as object)).rejects.toThrow('uploadNeverrate');
});
