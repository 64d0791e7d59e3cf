import { randomUUID } from 'node:crypto';
import { mintCapability } from '@darkroom/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildSubmission, createMemoryStores, keys, now, pathOf, startReceiver } from './setup.ts';

async function setup() {
  const memory = createMemoryStores();
  return { ...memory, ...buildSubmission(), ...(await startReceiver(memory.stores)) };
}

const other = randomUUID();

describe('a known shape', () => {
  const { item, success } = buildSubmission();
  const shapes: Record<string, (taskUUID: string) => unknown> = {
    'a flat success': (taskUUID) => ({ ...success, taskUUID }),
    'a flat success without a status': (taskUUID) => ({ ...success, taskUUID, status: undefined }),
    'a success in data': (taskUUID) => ({ data: [{ ...success, taskUUID }] }),
    'a flat error': (taskUUID) => ({ ...item, taskUUID, status: 'error', code: 'timeoutProvider', message: '…' }),
    'an error in errors': (taskUUID) => ({ errors: [{ ...item, taskUUID, code: 'timeoutProvider', message: '…' }] }),
    'a singular error': (taskUUID) => ({ error: { code: 'timeoutProvider', message: '…' }, taskUUID }),
    'an error without a task id': () => ({ errors: [{ code: 'timeoutProvider', message: '…' }] }),
    'data and errors at once': (taskUUID) => ({ data: [{ ...success, taskUUID }], errors: [{ code: 'x', taskUUID }] }),
    'a top-level array': (taskUUID) => [{ ...success, taskUUID }],
    'a task id in capitals': (taskUUID) => ({ ...success, taskUUID: taskUUID.toUpperCase() }),
    'unknown fields': (taskUUID) => ({ data: [{ ...success, taskUUID, new: { a: [1] } }], requestId: 'x' }),
  };

  test.for(Object.entries(shapes))('%s is kept unchanged and wakes its settlement once', async ([, build]) => {
    const { kept, woken, post, path, ref, taskUUID, log } = await setup();
    const body = JSON.stringify(build(taskUUID), null, 1);
    expect(await post(path, body, { headers: { 'content-type': 'application/json' } })).toEqual({ status: 200, body: '' });
    expect(kept).toEqual([{ ref, body }]);
    expect(woken).toEqual([ref]);
    expect(log()).not.toContain('delivery.malformed');
  });
});

describe('an unknown shape', () => {
  const bodies = ['', 'not json', '{"data":[', 'null', '7', '[]x', '{}', '{"hello":"world"}', '\u0000', '[[[[1]]]]'];
  test.for(bodies)('%j is kept, acknowledged, counted and wakes', async (body) => {
    const { kept, woken, post, path, ref, receiver, log } = await setup();
    expect(await post(path, body)).toEqual({ status: 200, body: '' });
    expect(kept).toEqual([{ ref, body }]);
    expect(woken).toEqual([ref]);
    expect(receiver.counts.get('delivery.malformed')).toBe(1);
    expect(log()).toContain('delivery.malformed');
  });
});

test('a body of any content type is kept', async () => {
  const { kept, post, path } = await setup();
  const types = ['application/json', 'application/json; charset=latin1', 'text/plain', 'multipart/form-data', '???', ';', 'application/'];
  for (const [at, type] of types.entries()) {
    expect(await post(path, `{"at":${at}}`, { headers: { 'content-type': type } }), type).toEqual({ status: 200, body: '' });
  }
  expect(kept).toHaveLength(types.length);
});

test('a delivery is kept before its settlement is woken', async () => {
  const { kept, state, post, path } = await setup();
  const seen: number[] = [];
  state.wake = async () => void seen.push(kept.length);
  await post(path, '{}');
  expect(seen).toEqual([1]);
});

test('a duplicate is acknowledged and wakes: its first receiver may have died before the wake', async () => {
  const memory = createMemoryStores();
  const { post: postToTheFirst } = await startReceiver(memory.stores);
  const { receiver, post } = await startReceiver(memory.stores);
  const { path, success } = buildSubmission();
  memory.state.wake = () => Promise.reject(new Error('it died'));
  expect((await postToTheFirst(path, JSON.stringify(success))).status).toBe(200);
  memory.state.wake = async () => undefined;
  expect((await post(path, JSON.stringify(success))).status).toBe(200);
  expect(memory.kept).toHaveLength(1);
  expect(memory.woken).toHaveLength(1);
  expect(receiver.counts.all()).toMatchObject({ 'delivery.duplicate': 1, 'wake.woken': 1 });
});

test('duplicates wake once a second, and after a failed wake the next one wakes at once', async () => {
  let time = now;
  const memory = createMemoryStores();
  const { post } = await startReceiver(memory.stores, { now: () => time });
  const { path, success } = buildSubmission();
  const flood = async () => {
    for (let at = 0; at < 20; at += 1) expect((await post(path, JSON.stringify(success))).status).toBe(200);
  };
  await flood();
  expect(memory.woken).toHaveLength(1);
  time += 1000;
  await flood();
  expect(memory.woken).toHaveLength(2);
  // a new delivery always wakes
  await post(path, JSON.stringify({ ...success, seed: 2 }));
  expect(memory.woken).toHaveLength(3);
  expect(memory.kept).toHaveLength(2);
  time -= 3_600_000; // the clock was an hour ahead, and is corrected
  await flood();
  expect(memory.woken).toHaveLength(4);

  memory.state.wake = () => Promise.reject(new Error('queue is away'));
  time += 2000;
  await post(path, JSON.stringify(success));
  memory.state.wake = async () => undefined;
  await post(path, JSON.stringify(success));
  expect(memory.woken).toHaveLength(5);
});

test.each([
  ['a duplicate, of an open submission', { kind: 'duplicate', status: 'accepted' }, 1],
  ['a duplicate, of an ended submission', { kind: 'duplicate', status: 'failed' }, 1],
  ['one too many, of an open submission', { kind: 'overflow', status: 'accepted' }, 1],
  ['one too many, of an ended submission', { kind: 'overflow', status: 'failed' }, 3],
  ['a new one', { kind: 'recorded', status: 'failed' }, 8],
] as const)('after the provider was asked, %s wakes only for what a settlement can learn', async (_, receipt, wakesInTwoMinutes) => {
  let time = now;
  const { stores, state, woken } = createMemoryStores();
  const { post } = await startReceiver(stores, { now: () => time });
  const { path, success } = buildSubmission();
  const send = async () => expect((await post(path, JSON.stringify(success))).status).toBe(200);
  state.receipt = { kind: 'recorded', status: 'accepted' };
  await send();
  state.receipt = { ...receipt, isAsked: receipt.kind !== 'recorded' };
  for (let second = 0; second <= 120; second += 20, time += 20_000) await send();
  expect(woken).toHaveLength(wakesInTwoMinutes);
});

test('a delivery of a submission without an entry is acknowledged and wakes nothing', async () => {
  const { kept, woken, state, post, path, success } = await setup();
  state.receipt = { kind: 'unknown-submission' };
  expect((await post(path, JSON.stringify(success))).status).toBe(200);
  expect(kept).toHaveLength(1);
  expect(woken).toEqual([]);
});

test('a delivery beyond the bound wakes, one for a submission that succeeded does not', async () => {
  const { woken, state, post, path, success } = await setup();
  state.receipt = { kind: 'overflow', status: 'accepted' };
  expect((await post(path, JSON.stringify(success))).status).toBe(200);
  expect(woken).toHaveLength(1);
  state.receipt = { kind: 'recorded', status: 'succeeded' };
  expect((await post(path, JSON.stringify({ ...success, seed: 2 }))).status).toBe(200);
  expect(woken).toHaveLength(1);
  state.receipt = { kind: 'recorded', status: 'failed' };
  expect((await post(path, JSON.stringify({ ...success, seed: 3 }))).status).toBe(200);
  expect(woken).toHaveLength(2);
});

test('a delivery of a running task is kept and wakes nothing', async () => {
  const { kept, woken, post, path, item } = await setup();
  expect((await post(path, JSON.stringify({ ...item, status: 'processing', progress: 40 }))).status).toBe(200);
  expect(kept).toHaveLength(1);
  expect(woken).toEqual([]);
});

test('items that name another task are kept and counted, and wake nothing', async () => {
  const { kept, woken, post, path, success, receiver, log } = await setup();
  expect((await post(path, JSON.stringify({ data: [{ ...success, taskUUID: other }] }))).status).toBe(200);
  expect(kept).toHaveLength(1);
  expect(woken).toEqual([]);
  expect(receiver.counts.get('delivery.foreign-task')).toBe(1);
  expect(log()).toContain('"foreignItems":1');

  expect((await post(path, JSON.stringify({ data: [{ ...success, taskUUID: other }, success] }))).status).toBe(200);
  expect(woken).toHaveLength(1);
  expect(log()).toContain('"says":["success"]');
});

test('a capability names its own submission, under any of the keys', async () => {
  const { kept, woken, post } = await setup();
  const submissions = [buildSubmission(0), buildSubmission(1), buildSubmission(19)];
  const [, old] = keys;
  for (const { path, success } of submissions) await post(path, JSON.stringify(success));
  const ref = submissions[0]!.ref;
  await post(pathOf(mintCapability([old!], ref, now + 1000)), '{"status":"success"}');
  expect(woken).toEqual([...submissions.map((submission) => submission.ref), ref]);
  expect(kept.map((delivery) => delivery.ref)).toEqual(woken);
});

test('a delivery whose settlement cannot be woken is still acknowledged', async () => {
  const { kept, state, post, path, receiver, log } = await setup();
  state.wake = () => Promise.reject(new Error('queue is away'));
  expect(await post(path, '{}')).toEqual({ status: 200, body: '' });
  expect(kept).toHaveLength(1);
  expect(receiver.counts.get('wake.failed')).toBe(1);
  expect(log()).toContain('queue is away');
});

test('a store that fails or hangs is a 503 within a second, and nothing is woken', async () => {
  const { woken, state, post, path } = await setup();
  for (const keep of [() => Promise.reject(new Error('away')), () => new Promise<void>(() => undefined)]) {
    state.keep = keep;
    const start = performance.now();
    expect(await post(path, '{}')).toEqual({ status: 503, body: '' });
    expect(performance.now() - start).toBeLessThan(1500);
  }
  expect(woken).toEqual([]);
  state.keep = async () => undefined;
  expect((await post(path, '{}')).status).toBe(200);
});

test('every body under a valid capability is kept while the store is up', async () => {
  const { kept, post, path, taskUUID } = await setup();
  const answers = fc.record(
    {
      data: fc.oneof(fc.jsonValue(), fc.array(fc.record({ taskUUID: fc.constantFrom(taskUUID, other), status: fc.jsonValue() }))),
      errors: fc.jsonValue(),
      taskUUID: fc.constantFrom(taskUUID, other),
      status: fc.constantFrom('success', 'error', 'processing', 1, null),
    },
    { requiredKeys: [] },
  );
  const bodies = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    answers.map((answer) => JSON.stringify(answer)),
    fc.uint8Array(),
  );
  await fc.assert(
    fc.asyncProperty(bodies, async (body) => {
      const sent = typeof body === 'string' ? body : new Uint8Array(body);
      expect(await post(path, sent)).toEqual({ status: 200, body: '' });
      expect(kept.map((delivery) => delivery.body)).toContain(Buffer.from(sent).toString('utf8'));
    }),
    { numRuns: 300 },
  );
}, 30_000);
