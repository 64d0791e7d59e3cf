import { expect, test } from 'vitest';
import { derivePoints, describePoint } from './points.ts';

const say = (traces: string[][], idle: string[] = []): string[] =>
  derivePoints(
    traces.map((requests) => ({ requests, answered: requests.flatMap((request) => [`${request}, 1`, `${request}, 2`, `${request}, 3`]) })),
    new Set(idle),
    2,
  ).map(describePoint);

test('each request is struck before it is sent and after its answer, each time it is made', () => {
  expect(say([['a', 'b', 'a']])).toEqual(['before a, 1', 'after a, 1', 'before a, 2', 'after a, 2', 'before b, 1', 'after b, 1']);
});

test('what one of the golden runs did not do is not waited for', () => {
  expect(
    say([
      ['a', 'a', 'b'],
      ['a', 'c'],
      ['a', 'a'],
    ]),
  ).toEqual(['before a, 1', 'after a, 1']);
});

test('what goes on by itself is struck so often as was said, however often it came', () => {
  expect(say([['poll', 'poll', 'poll', 'poll']], ['poll'])).toHaveLength(4);
});

test('a run of nothing has no points', () => expect(say([[], []])).toEqual([]));

test('what is never answered is struck before it is sent alone', () => {
  const trace = { requests: ['a', 'b', 'a'], answered: ['b, 1', 'a, 2'] };
  expect(derivePoints([trace, trace], new Set(), 0).map(describePoint)).toEqual([
    'before a, 1',
    'before a, 2',
    'after a, 2',
    'before b, 1',
    'after b, 1',
  ]);
});
