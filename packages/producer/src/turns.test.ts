import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createTurns } from './turns.ts';

test('the first calls of a turn go on at once, and so do those of a later one', async () => {
  const turns = createTurns(2);
  expect([turns.wait('a'), turns.wait('b')]).toEqual([undefined, undefined]);
  await setImmediate();
  await setImmediate();
  expect(turns.wait('c')).toBeUndefined();
});

test('the others go on in their order, so many in a turn, with their arguments as they were', async () => {
  const turns = createTurns(2);
  for (let at = 0; at < 2; at += 1) void turns.wait();
  const gone: unknown[] = [];
  const requests = Array.from({ length: 5 }, (_, at) => ({ at, inputs: { referenceImages: [`${at}`] } }));
  for (const request of requests) void turns.wait(request)?.then(([own]) => gone.push(own));
  const expected = structuredClone(requests);
  for (const request of requests) {
    request.at = -1;
    request.inputs.referenceImages[0] = 'changed';
  }
  const counts: number[] = [];
  for (let turn = 0; turn < 4; turn += 1) {
    await setImmediate();
    counts.push(gone.length);
  }
  expect(counts).toEqual([2, 4, 5, 5]);
  expect(gone).toEqual(expected);
});

test.for([
  ['an instance', new (class Request {})()],
  ['a date', { deadlineAt: new Date(0) }],
  ['a hidden field', Object.defineProperty({}, 'width', { value: 1 })],
  ['a long list', { tags: Array.from({ length: 101 }, () => 'x') }],
  ['a list in itself', ((list: unknown[]) => (list.push(list), list))([])],
  [
    'what throws',
    {
      get width() {
        throw new Error('no');
      },
    },
  ],
] as const)('%s does not wait: it is read before its caller can change it', ([, given]) => {
  const turns = createTurns(0);
  expect(turns.wait(given)).toBeUndefined();
  expect(turns.wait({ [Symbol.for('x')]: 1, deep: [null, undefined, 'text'] })).toBeInstanceOf(Promise);
});
