import fc from 'fast-check';
import { expect, test } from 'vitest';
import { answerHalf, answerJson, answerText, reset, type Script } from './scripted-provider.ts';
import { otherTaskUUID, setup, taskUUID } from './world.ts';

const task = { taskType: 'imageInference', taskUUID };
const imageUUID = 'c62f6951-f37f-4019-a51c-0ed55c202732';
const imageURL = `https://im.runware.ai/image/os/a20d05/ws/2/ii/${imageUUID}.jpg`;
const image = { ...task, imageUUID, imageURL, seed: 1_218_818_176, cost: 0.02 };
const facts = { imageUUID, imageURL, seed: 1_218_818_176, costNanoUsd: 20_000_000 };
const running = { kind: 'running' };
const silent = { kind: 'inconclusive', known: false };
/** The documented failure of a task. */
const failure = (code: string) => ({ code, status: 'error', message: 'x', documentation: 'https://runware.ai/docs', ...task });

const polls: [string, Script, object][] = [
  ['a success', answerJson(200, { data: [{ ...image, status: 'success' }] }), { kind: 'succeeded', facts }],
  ['a success without a status', answerJson(200, { data: [image] }), { kind: 'succeeded', facts }],
  [
    'a success with an image id alone',
    answerJson(200, { data: [{ ...task, status: 'success', imageUUID }] }),
    { kind: 'succeeded', facts: { imageUUID } },
  ],
  ['an id in upper case', answerJson(200, { data: [{ ...image, taskUUID: taskUUID.toUpperCase() }] }), { kind: 'succeeded', facts }],
  ['a success beside an error', answerJson(200, { data: [image], errors: [failure('providerError')] }), { kind: 'succeeded', facts }],
  [
    'a success after that of another task',
    answerJson(200, { data: [{ ...image, taskUUID: otherTaskUUID, imageUUID: 'other' }, image] }),
    { kind: 'succeeded', facts },
  ],
  ['a cost of zero', answerJson(200, { data: [{ ...image, cost: 0 }] }), { kind: 'succeeded', facts: { ...facts, costNanoUsd: 0 } }],
  [
    'a flag for its content',
    answerJson(200, { data: [{ ...image, NSFWContent: true }] }),
    { kind: 'succeeded', facts: { ...facts, nsfwContent: true } },
  ],
  [
    'a cost that is a float of a sum',
    answerJson(200, { data: [{ ...image, cost: 0.1 + 0.2 }] }),
    { kind: 'succeeded', facts: { ...facts, costNanoUsd: 300_000_000 } },
  ],

  ['a task that is processing', answerJson(200, { data: [{ ...task, status: 'processing', progress: 40 }] }), running],
  ['a task that is pending', answerJson(200, { data: [{ ...task, status: 'pending' }] }), running],
  ['a task with a new status', answerJson(200, { data: [{ ...task, status: 'somethingNew' }] }), running],
  ['a preview', answerJson(200, { data: [{ ...image, status: 'processing' }] }), running],
  [
    'a task that is running beside an error',
    answerJson(200, { data: [{ ...task, status: 'processing' }], errors: [failure('timeoutProvider')] }),
    running,
  ],

  [
    'an error in errors',
    answerJson(200, { data: [], errors: [failure('timeoutProvider')] }),
    { kind: 'failed', fault: { class: 'timeout', code: 'timeoutProvider' }, facts: {} },
  ],
  [
    'an error in data with a nested error',
    answerJson(200, { data: [{ ...task, status: 'error', error: { code: 'providerError', message: 'x' } }] }),
    { kind: 'failed', fault: { class: 'provider' } },
  ],
  [
    'an error in data with a flat code',
    answerJson(200, { data: [{ ...task, status: 'error', code: 'contentPolicyViolation', message: 'x' }] }),
    { kind: 'failed', fault: { class: 'safety' } },
  ],
  [
    'an error under the type of the task without a status',
    answerJson(400, { errors: [{ ...task, code: 'invalidParameter', message: 'x' }] }),
    { kind: 'failed', fault: { class: 'validation' } },
  ],
  [
    'an error with a status and no type',
    answerJson(504, { data: [], errors: [{ taskUUID, status: 'error', code: 'failedProviderTimeout', message: 'x' }] }),
    { kind: 'failed', fault: { class: 'timeout', httpStatus: 504 } },
  ],
  [
    'a failure that was charged',
    answerJson(200, { errors: [{ ...failure('providerError'), cost: 0.02 }] }),
    { kind: 'failed', facts: { costNanoUsd: 20_000_000 } },
  ],

  ['an unknown id', answerJson(200, { data: [] }), silent],
  ['an answer about another task', answerJson(200, { data: [{ ...image, taskUUID: otherTaskUUID }] }), silent],
  ['a success without a task id', answerJson(200, { data: [{ imageUUID, imageURL }] }), silent],
  ['a success without an image', answerJson(200, { data: [{ ...task, status: 'success' }] }), { kind: 'inconclusive', known: true }],
  ['an error without a task id', answerJson(200, { errors: [{ code: 'timeoutProvider', status: 'error' }] }), silent],
  ['an error of another task', answerJson(200, { errors: [{ ...failure('timeoutProvider'), taskUUID: otherTaskUUID }] }), silent],
  [
    'a poll that is throttled',
    answerJson(429, { errors: [{ code: 'rateLimitExceeded', taskUUID, taskType: 'getResponse' }] }),
    { ...silent, fault: { class: 'rate-limit' } },
  ],
  [
    'a poll that is throttled with a status',
    answerJson(429, { errors: [{ code: 'rateLimitExceeded', taskUUID, status: 'error' }] }),
    silent,
  ],
  [
    'a poll that timed out',
    answerJson(504, { errors: [{ code: 'timeoutProvider', taskUUID, taskType: 'getResponse', status: 'error' }] }),
    silent,
  ],
  ['a poll that timed out without a type', answerJson(504, { errors: [{ code: 'timeoutProvider', taskUUID }] }), silent],
  ['a poll with a wrong id', answerJson(400, { errors: [{ code: 'invalidTaskUUID', taskUUID, status: 'error' }] }), silent],
  [
    'a poll with a wrong key',
    answerJson(401, { errors: [{ code: 'invalidApiKey', taskUUID, status: 'error' }] }),
    { ...silent, fault: { class: 'auth' } },
  ],
  ['a task that is not found', answerJson(404, { errors: [failure('taskNotFound')] }), { ...silent, fault: { class: 'not-found' } }],
  ['a task that is not found or failed', answerJson(200, { errors: [failure('taskFailedOrNotFound')] }), silent],
  ['a task that expired', answerJson(200, { errors: [failure('taskExpired')] }), silent],
  [
    'a server error about the task',
    answerJson(500, { errors: [failure('internalServerError')] }),
    { kind: 'inconclusive', known: true, fault: { class: 'server' } },
  ],
  [
    'an unknown code with HTTP 400 about the task',
    answerJson(400, { errors: [failure('somethingNew')] }),
    { kind: 'inconclusive', known: true },
  ],
  ['HTTP 503 of a gateway', answerText(503, '<html>'), { ...silent, fault: { class: 'server', httpStatus: 503 } }],
  ['HTML with HTTP 200', answerText(200, '<html>'), { ...silent, fault: { code: 'HTTP_200' } }],
  ['half a body', answerHalf(200), silent],
  ['a dropped connection', reset, { ...silent, fault: { class: 'network' } }],
];

test.each(polls)('%s is understood', async (_name, script, state) => {
  await using world = await setup(script);
  expect(await world.client.lookUp(taskUUID)).toMatchObject(state);
  expect(world.provider.seen[0]?.body).toEqual([{ taskType: 'getResponse', taskUUID }]);
});

test.each([
  ['a float', 1.5],
  ['a number beyond what JSON holds exactly', 2 ** 60],
  ['a text', '1'],
])('a seed that is %s is absent', async (_name, seed) => {
  await using world = await setup(answerJson(200, { data: [{ ...image, seed }] }));
  const state = await world.client.lookUp(taskUUID);
  expect(state.kind === 'succeeded' && 'seed' in state.facts).toBe(false);
});

test.each([[undefined], [-1], ['a lot'], [{}], [1e30]])('a cost of %s is absent', async (cost) => {
  await using world = await setup(answerJson(200, { data: [{ ...image, cost }] }));
  const state = await world.client.lookUp(taskUUID);
  expect(state.kind === 'succeeded' && 'costNanoUsd' in state.facts).toBe(false);
});

const details = (response: unknown): Script =>
  answerJson(200, { data: [{ taskType: 'getTaskDetails', taskUUID, request: { positivePrompt: 'secret prompt' }, response }] });

const kept: [string, Script, object][] = [
  ['an envelope of a success', details({ data: [image] }), { kind: 'succeeded', facts }],
  ['a flat success', details(image), { kind: 'succeeded', facts }],
  ['a list of successes', details([image]), { kind: 'succeeded', facts }],
  ['a failure', details({ data: [], errors: [failure('timeoutProvider')] }), { kind: 'failed', fault: { class: 'timeout' } }],
  ['an acknowledgement', details({ data: [task] }), running],
  ['no response yet', details(null), { kind: 'inconclusive', known: true }],
  ['a conflict of a resend', details({ data: [], errors: [failure('conflictTaskUUID')] }), { kind: 'inconclusive', known: true }],
  [
    'a refusal, which may be that of a resend',
    details({ data: [], errors: [failure('invalidParameter')] }),
    { kind: 'inconclusive', known: true },
  ],
  ['a response of another task', details({ data: [{ ...image, taskUUID: otherTaskUUID }] }), { kind: 'inconclusive', known: true }],
  ['an unknown id', answerJson(200, { data: [] }), silent],
  ['details of another task', answerJson(200, { data: [{ taskUUID: otherTaskUUID, response: { data: [image] } }] }), silent],
  ['an error about the question', answerJson(400, { errors: [{ ...task, code: 'invalidParameter', status: 'error' }] }), silent],
  ['a dropped connection', reset, silent],
];

test.each(kept)('details that hold %s are understood', async (_name, script, state) => {
  await using world = await setup(script);
  const read = await world.client.lookUpDetails(taskUUID);
  expect(read).toMatchObject(state);
  expect(JSON.stringify(read)).not.toContain('secret prompt');
  expect(world.provider.seen[0]?.body).toEqual([{ taskType: 'getTaskDetails', taskUUID }]);
});

test('neither question throws, whatever the JSON of the answer', async () => {
  await using world = await setup();
  const entry = fc.record(
    {
      taskUUID: fc.oneof(fc.constant(taskUUID), fc.jsonValue()),
      status: fc.jsonValue(),
      code: fc.jsonValue(),
      imageURL: fc.jsonValue(),
      cost: fc.jsonValue(),
      response: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  const answers = fc.oneof(
    fc.jsonValue(),
    fc.record(
      { data: fc.oneof(fc.array(entry), fc.jsonValue()), errors: fc.oneof(fc.array(entry), fc.jsonValue()), error: entry },
      { requiredKeys: [] },
    ),
  );
  await fc.assert(
    fc.asyncProperty(answers, fc.constantFrom(200, 400, 429, 500, 504), async (answer, status) => {
      world.provider.script = answerJson(status, answer);
      expect(['running', 'succeeded', 'failed', 'inconclusive']).toContain((await world.client.lookUp(taskUUID)).kind);
      expect(['running', 'succeeded', 'failed', 'inconclusive']).toContain((await world.client.lookUpDetails(taskUUID)).kind);
    }),
  );
});

test('of a failure nothing is kept but its code: the question does not know the prompt, which the words may repeat', async () => {
  const prompt = 'Anna in a red coat';
  const errors = [
    { ...failure('contentPolicyViolation'), message: `The prompt ${prompt} was refused`, parameter: prompt, positivePrompt: prompt },
  ];
  await using world = await setup(answerJson(200, { errors }));
  for (const state of [await world.client.lookUp(taskUUID), await world.client.lookUpDetails(taskUUID)])
    expect(JSON.stringify(state)).not.toMatch(/Anna|red coat/);
  expect(await world.client.lookUp(taskUUID)).toMatchObject({ kind: 'failed', fault: { class: 'safety', code: 'contentPolicyViolation' } });
});
