import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { exampleRequests } from './examples.ts';
import { parseGrokImagineRequest } from './parse.ts';

// The page's texts hold four letters of another script ("կանգ"); the digests keep an editor from correcting them.
const digests = [
  '7c1eb9004282fff7ab38f0ac375702bd9b636f4139d5950f24b3525748e72fb5',
  '5022a1fd311b835b197984a23c215c29acd7a6a3f7050f9450313c81766f7bc0',
  '1a12b4eefa15fd0aa7483b0fdc51810f7842b7aacdc3cfe32e1522d7465e95d2',
];

test('the examples are the three requests of the page', () => {
  expect(exampleRequests.map(({ request }) => createHash('sha256').update(request.positivePrompt).digest('hex'))).toEqual(digests);
  for (const { request, title } of exampleRequests) {
    expect(parseGrokImagineRequest(request), title).toMatchObject({ width: 1280, height: 896, clientReference: request.taskUUID });
  }
});
