import { mintCapability } from '@darkroom/contracts';
import { describe, expect, test } from 'vitest';
import { createLogger } from './logger.ts';
import { redactText } from './redact-text.ts';

const SIZE = 1024 * 1024;
const LIMIT_MS = 50;
const apiKey = 'rw-Zk3Jq9vX2mBt7LpWc5Nd';

const repeat = (text: string): string => text.repeat(Math.ceil(SIZE / text.length)).slice(0, SIZE);

/** Texts of one megabyte, each of one kind of character or of beginnings of secrets that never end. */
const kinds: Record<string, string> = {
  letters: repeat('a'),
  digits: repeat('7'),
  'double quotes': repeat('"'),
  'single quotes': repeat("'"),
  'opening quotes': repeat('“'),
  slashes: repeat('/'),
  backslashes: repeat('\\'),
  'equals signs': repeat('='),
  ampersands: repeat('&'),
  'question marks': repeat('?'),
  'percent signs': repeat('%'),
  blanks: repeat(' '),
  'line feeds': repeat('\n'),
  dots: repeat('a.'),
  hyphens: repeat('a-'),
  colons: repeat('a:'),
  base64: repeat('QUJDRA+/'),
  unicode: repeat('雪😀'),
  'beginnings of addresses': repeat('http://'),
  'beginnings of queries': repeat('http://a?X-Amz-'),
  'beginnings of parameters': repeat('x-amz-'),
  'beginnings of images': repeat('data:a/b'),
  'beginnings of prompts': repeat('positivePrompt\\\\'),
  'beginnings of keys': repeat('apiKey '),
  'beginnings of headers': repeat('Bearer '),
  'nested JSON': repeat('{"a":[{"positivePrompt":'),
  'JSON in JSON': JSON.stringify(JSON.stringify({ error: repeat('"') })).slice(0, SIZE),
};

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

describe.for(Object.entries(kinds))('a megabyte of %s', ([, text]) => {
  test('is redacted in linear time to at most 4 KB', () => {
    let redacted = '';
    expect(quickest(() => (redacted = redactText(text, { secrets: [apiKey] })))).toBeLessThan(LIMIT_MS);
    expect(redacted.length).toBeLessThanOrEqual(4097);
  });

  test('makes a bounded line in linear time, in any place of the line', () => {
    let line = '';
    const logger = createLogger({ name: 'test', secrets: [apiKey] }, { write: (written) => (line = written) });
    const error = new Error(text, { cause: new Error(text, { cause: { [text]: text } }) });
    const fields = { err: error, list: Array.from({ length: 1000 }, () => text), tree: { a: { b: { c: text } } } };
    expect(quickest(() => logger.error(fields, text))).toBeLessThan(LIMIT_MS);
    expect(line.length).toBeLessThanOrEqual(200_000);
    expect(() => JSON.parse(line) as unknown).not.toThrow();
  });
});

test('bounds a line of very many values', () => {
  let line = '';
  const logger = createLogger({ name: 'test' }, { write: (written) => (line = written) });
  const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`field${at}`, { at, text: 'x'.repeat(50) }]));
  const deep = Array.from({ length: 200 }, () => Array.from({ length: 200 }, () => wide));
  const set = new Set(Array.from({ length: 100_000 }, (_, at) => at));
  expect(quickest(() => logger.warn({ wide, deep, set }, 'much'))).toBeLessThan(LIMIT_MS);
  expect(line.length).toBeLessThan(100_000);
});

test('writes a bounded line of many long names in linear time', () => {
  for (const part of ['x y ', 'token="', 'a=b ', '雪 ']) {
    const long = part.repeat(40_000 / part.length);
    let line = '';
    const logger = createLogger({ name: 'test', secrets: [apiKey] }, { write: (written) => (line = written) });
    const wide = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`${at} ${long}`, { [`${at} ${long}`]: at, text: long }]));
    expect(quickest(() => logger.warn({ wide, more: [wide, wide] }, 'much'))).toBeLessThan(LIMIT_MS);
    expect(line.length).toBeLessThan(200_000);
  }
});

const generationId = '019aaa11-2233-7abc-8def-0123456789ab';
const capability = mintCapability([{ id: 'k1', secret: 'm'.repeat(40) }], { generationId, index: 0, n: 1 }, 1_900_000_000_000);

test.for([
  ['a key that is known', `said ${apiKey} twice`, apiKey],
  ['a bare capability', `refused ${capability} here`, capability],
  ['a password of Redis', `cannot connect redis://default:${'s3cr3t'.repeat(20)}@10.0.0.1 at all`, 's3cr3t'.repeat(20)],
  ['a bearer', 'Authorization: Bearer unknown-0123456789abcdef was refused', 'unknown-0123456789abcdef'],
  ['a query', `GET https://b.example/a?X-Amz-Date=1&X-Amz-Signature=${'fe5f80f7'.repeat(8)} failed`, 'fe5f80f7'.repeat(8)],
])('shows no revealing part of %s, wherever the cut falls', ([, text = '', secret = '']) => {
  for (let at = 0; at <= text.length; at += 1) {
    const redacted = redactText(`${'word '.repeat(2000).slice(0, 4096 - at)}${text}${' word'.repeat(2000)}`, { secrets: [apiKey] });
    expect(redacted).not.toContain(secret.slice(0, 8));
  }
});
