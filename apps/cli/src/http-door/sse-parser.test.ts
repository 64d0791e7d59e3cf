import { expect, test } from 'vitest';
import { createSseParser } from './sse-parser.ts';

const stream =
  'retry: 2000\n\nid: 5-0\n\n:\n\nevent: generation.succeeded\nid: 6-0\ndata: {"a":1}\n\ndata: one\ndata: two\r\n\r\nid: 7-0\ndata';
const messages = [
  { event: 'message', data: undefined, id: '5-0' },
  { event: 'generation.succeeded', data: '{"a":1}', id: '6-0' },
  { event: 'message', data: 'one\ntwo', id: undefined },
];

test.each([1, 2, 3, 7, stream.length])('a stream in parts of %i letters is read as a whole; what is not ended is not told', (size) => {
  const parse = createSseParser();
  const read = [];
  for (let at = 0; at < stream.length; at += size) read.push(...parse(stream.slice(at, at + size)));
  expect(read).toEqual(messages);
});
