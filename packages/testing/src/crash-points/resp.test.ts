import { expect, test } from 'vitest';
import { createCommandReader, createReplyCounter } from './resp.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);

test('reads commands whole, several at once and in pieces', () => {
  const read = createCommandReader();
  expect(read(bytes('*2\r\n$3\r\nGET\r\n$1\r\na\r\n*1\r\n$4\r\nPING\r\n'))).toEqual([['GET', 'a'], ['PING']]);
  expect(read(bytes('*3\r\n$3\r\nSET\r\n$1\r\na\r\n$6\r\nx\r'))).toEqual([]);
  expect(read(bytes('\nyü'))).toEqual([]);
  expect(read(bytes('\r\n'))).toEqual([['SET', 'a', 'x\r\nyü']]);
});

test.each([
  ['an error', '-NOSCRIPT no such script\r\n', 1],
  ['a number, a null of each kind, a boolean and a double', ':1\r\n$-1\r\n*-1\r\n_\r\n#t\r\n,1.5\r\n', 6],
  ['lists in lists', '*2\r\n*2\r\n:1\r\n$1\r\na\r\n+OK\r\n', 1],
  ['a map of RESP3, which counts pairs of values', '%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n:2\r\n+OK\r\n', 2],
  ['a set, a verbatim text and a large number', '~1\r\n+a\r\n=5\r\ntxt:x\r\n(12345\r\n', 3],
  ['a push, which answers no command', '>3\r\n+message\r\n+channel\r\n+text\r\n+OK\r\n', 1],
  ['an attribute, which belongs to the next value', '|1\r\n+ttl\r\n:3\r\n+OK\r\n', 1],
])('%s', (_what, text, replies) => {
  expect(createReplyCounter()(bytes(text))).toBe(replies);
  // The same bytes one by one.
  const count = createReplyCounter();
  expect([...bytes(text)].reduce((sum, byte) => sum + count(Uint8Array.of(byte)), 0)).toBe(replies);
});

test('names bytes that are no Redis value', () => {
  expect(() => createReplyCounter()(bytes('HTTP/1.1 200\r\n'))).toThrow('0x48 begins no Redis value');
});
