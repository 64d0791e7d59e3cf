import { expect, test } from 'vitest';
import type { CrashPoint, Step } from './order.ts';
import { derivePoints, describePoint, isInShare } from './points.ts';

/** Builds a trace: "a" is a request, "a!" its answer; a number counts repetitions. */
const trace = (text: string): Step[] =>
  text.split(' ').map((word) => {
    const [, request = '', number = '', mark] = /^([a-z]+)(\d*)(!?)$/.exec(word) ?? [];
    return { step: mark === '!' ? 'answered' : 'sent', request, occurrence: Number(number || 1) };
  });

function say(traces: string[], idle: string[] = []): { points: string[]; twins: string[] } {
  const { points, twins } = derivePoints(traces.map(trace), new Set(idle), 2);
  return { points: points.map(describePoint), twins: twins.map(describePoint) };
}

test('each request gives a point before it is sent and one after its answer', () => {
  expect(say(['a b a! b! a2 a2!']).points).toEqual(['before a, 1', 'before b, 1', 'after a, 1', 'after b, 1', 'after a, 2']);
});

test('a request right after an answer, with no other under way, is the same moment', () => {
  expect(say(['a a! b b! c c!'])).toEqual({
    points: ['before a, 1', 'after a, 1', 'after b, 1', 'after c, 1'],
    twins: ['before b, 1', 'before c, 1'],
  });
});

test('a request while another is under way is a moment of its own', () => {
  expect(say(['x a a! b b! x!']).twins).toEqual([]);
});

test('a request that follows different answers in two runs is a moment of its own', () => {
  expect(say(['a a! b b! c c!', 'b b! a a! c c!']).twins).toEqual([]);
});

test('idle requests do not separate an answer from the next request', () => {
  expect(say(['a a! poll b poll! b!'], ['poll']).twins).toEqual(['before b, 1']);
});

test('a request that one golden run lacks is no point', () => {
  expect(say(['a a! a2 a2! b b!', 'a a! c c!', 'a a!']).points).toEqual(['before a, 1', 'after a, 1']);
});

test('an idle request gives as many points as stated, however often it came', () => {
  expect(say(['poll poll! poll2 poll2! poll3 poll3!'], ['poll']).points).toHaveLength(4);
});

test('a request without an answer gives only the point before it', () => {
  expect(say(['a b b! a2 a2!']).points).toEqual(['before a, 1', 'before b, 1', 'after b, 1', 'before a, 2', 'after a, 2']);
});

test('each point is in exactly one share, whatever the other points are', () => {
  const points = Array.from({ length: 60 }, (_, at): CrashPoint => ({ request: `request ${at}`, occurrence: 1, moment: 'after' }));
  const shares = [0, 1].map((at) => points.filter((point) => isInShare(point, { at, of: 2 })));
  expect(shares.flat().toSorted((left, right) => points.indexOf(left) - points.indexOf(right))).toEqual(points);
  expect(Math.min(...shares.map(({ length }) => length))).toBeGreaterThan(15);
});
