import { expect, test } from 'vitest';
import { createRedactor } from './redact.ts';

const SIZE = 1024 * 1024;
const repeat = (text: string): string => text.repeat(Math.ceil(SIZE / text.length)).slice(0, SIZE);
const prompt = 'a lighthouse at dusk, seen from the sea';

/** Returns the processor time in milliseconds, the least of five runs: unlike elapsed time it excludes other processes. */
function quickest(work: () => void): number {
  return Math.min(
    ...Array.from({ length: 5 }, () => {
      const startedAt = process.cpuUsage();
      work();
      const { user, system } = process.cpuUsage(startedAt);
      return (user + system) / 1000;
    }),
  );
}

const parts = [
  'a',
  '7',
  '"',
  "'",
  '“',
  '/',
  '\\',
  '=',
  '&',
  '?',
  '%',
  ' ',
  '\n',
  'a.',
  'a:',
  'QUJDRA+/',
  '雪😀',
  'http://',
  'x-amz-',
  'data:a/b',
  'positivePrompt ',
  'positivePrompt"%22',
  prompt.slice(0, 16),
  '{"a":[',
];

test.for(parts)('redacts a megabyte of %j in linear time, to a bounded text', (part) => {
  const redactor = createRedactor(['rw-Zk3Jq9vX2mBt7LpWc5Nd', prompt, 'red', repeat('QUJDRA+/').slice(0, 250_000)]);
  const text = repeat(part);
  expect(quickest(() => redactor.text(text))).toBeLessThan(50);
  expect(redactor.text(text).length).toBeLessThanOrEqual(1000);
  const value = { errors: Array.from({ length: 50 }, () => ({ message: text, [text]: [text, { text }] })) };
  expect(quickest(() => redactor.json(value))).toBeLessThan(50);
  expect(Buffer.byteLength(redactor.json(value))).toBeLessThanOrEqual(4096);
});

test('redacts an answer of very many values in linear time, to a bounded text', () => {
  const redactor = createRedactor(['rw-Zk3Jq9vX2mBt7LpWc5Nd', prompt]);
  const level = (depth: number): unknown => (depth === 0 ? 'x' : Array.from({ length: 12 }, () => level(depth - 1)));
  const value = level(5);
  expect(quickest(() => redactor.json(value))).toBeLessThan(50);
  expect(Buffer.byteLength(redactor.json(value))).toBeLessThanOrEqual(4096);
});

test('redacts an answer of many long keys in linear time, to a bounded text', () => {
  const redactor = createRedactor(['rw-Zk3Jq9vX2mBt7LpWc5Nd', prompt]);
  for (const part of ['x y ', 'token="', 'a=b ', '雪 ']) {
    const keys = (value: (at: number) => unknown) =>
      Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`${at} ${part.repeat(10_000)}`, value(at)]));
    const value = keys(() => keys((at) => at));
    expect(quickest(() => redactor.json(value))).toBeLessThan(50);
    expect(Buffer.byteLength(redactor.json(value))).toBeLessThanOrEqual(4096);
  }
});

test('never shows half of a key at the bound', () => {
  const apiKey = 'rw-Zk3Jq9vX2mBt7LpWc5Nd';
  const redactor = createRedactor([apiKey]);
  // The hidden texts before the key shift the bound into the kept part.
  const before = `data:image/png;base64,${'A'.repeat(8192 - 60)} `;
  for (let at = 0; at < 60; at += 1)
    expect(redactor.text(`${before}${'x '.repeat(at)}${apiKey} ${'y '.repeat(5000)}`)).not.toContain('rw-Zk3');
});
