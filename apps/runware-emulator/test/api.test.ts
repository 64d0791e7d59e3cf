import { expect, test } from 'vitest';
import { asyncTask, imageTask, setup } from './world.ts';

test('a request without a key is refused', async () => {
  const { post } = await setup();
  const reply = await post([imageTask()], { authorization: '' });
  expect(reply.status).toBe(401);
  expect(reply.errors).toMatchObject([{ code: 'missingApiKey', parameter: 'apiKey', taskType: 'authentication' }]);
});

test('a wrong key is refused and the bill stays empty', async () => {
  const { post, bill } = await setup();
  const reply = await post([imageTask()], { authorization: 'Bearer other' });
  expect(reply).toMatchObject({ status: 401, data: [], errors: [{ code: 'invalidApiKey' }] });
  expect(await bill()).toEqual([]);
});

test('the key may be in a first task', async () => {
  const { post } = await setup();
  const task = asyncTask();
  const reply = await post([{ taskType: 'authentication', apiKey: 'key' }, task], { authorization: '' });
  expect(reply).toMatchObject({ status: 200, data: [{ taskUUID: task.taskUUID }] });
});

test('a body that is no array is refused in the same form as other errors', async () => {
  const { post } = await setup();
  expect(await post(imageTask())).toMatchObject({ status: 400, errors: [{ code: 'invalidRequest' }] });
  expect(await post('[{')).toMatchObject({ status: 400, errors: [{ code: 'invalidRequest' }] });
});

test('the refusal of an unknown taskType names the task', async () => {
  const { post } = await setup();
  const reply = await post([{ taskType: 'videoInference', taskUUID: 'a' }]);
  expect(reply).toMatchObject({ status: 400, errors: [{ code: 'invalidTaskType', taskType: 'videoInference', taskUUID: 'a' }] });
});

test('each task of a request is answered separately', async () => {
  const { post } = await setup();
  const [good, bad] = [asyncTask(), asyncTask({ positivePrompt: '' })];
  const reply = await post([bad, good]);
  expect(reply.status).toBe(200);
  expect(reply.data).toEqual([{ taskType: 'imageInference', taskUUID: good.taskUUID }]);
  expect(reply.errors).toMatchObject([{ code: 'invalidPositivePrompt', taskUUID: bad.taskUUID }]);
});

test('an error about a parameter contains the rules of the page for it', async () => {
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

test('an unknown parameter is refused, or ignored if unknownParameters says so', async () => {
  const { post, setFaults } = await setup();
  expect(await post([asyncTask({ steps: 20 })])).toMatchObject({ status: 400, errors: [{ code: 'unknownParameter', parameter: 'steps' }] });
  await setFaults({ unknownParameters: 'ignore' });
  expect(await post([asyncTask({ steps: 20 })])).toMatchObject({ status: 200, errors: [] });
});

test('a dry run validates and prices a task, and records nothing', async () => {
  const { post, poll, bill } = await setup();
  const dry = { 'x-runware-dry-run': '1' };
  const task = asyncTask({ numberResults: 3, inputs: { referenceImages: ['https://example.com/a.png'] } });
  expect(await post([task], dry)).toMatchObject({ status: 200, data: [{ taskUUID: task.taskUUID, cost: 0.066 }] });
  expect(await post([{ ...task, width: 1 }], dry)).toMatchObject({ status: 400, errors: [{ code: 'unsupportedDimensions' }] });
  expect((await poll(task.taskUUID)).data).toEqual([]);
  expect(await bill()).toEqual([]);
});

test('the address of the emulator shows an example request', async () => {
  const { emulator } = await setup();
  const response = await fetch(`${emulator.url}/`, { headers: { connection: 'close' } });
  expect(await response.text()).toContain(`curl ${emulator.url}/v1`);
});

test('the refusal of an unknown switch names it', async () => {
  const { setFaults } = await setup();
  // The type does not allow the wrong name.
  await expect(setFaults({ uploadNeverrate: 1 } as object)).rejects.toThrow('uploadNeverrate');
});
