import { expect, test } from 'vitest';
import { billLineSchema, promptSha256, totalUsd, type BillLine } from './bill.ts';

const images = [{ imageUUID: 'i', sha256: 'a'.repeat(64), sizeBytes: 1 }];
const lines: BillLine[] = [
  { kind: 'submission', at: 1, taskUUID: 'a', receipt: 1, promptSha256: promptSha256('x') },
  { kind: 'acceptance', at: 1, taskUUID: 'a', receipt: 1, run: 1 },
  { kind: 'execution', at: 2, taskUUID: 'a', run: 1, costUsd: '0.022', promptSha256: promptSha256('x'), images },
  { kind: 'submission', at: 3, taskUUID: 'a', receipt: 2, promptSha256: promptSha256('x') },
  { kind: 'refusal', at: 3, taskUUID: 'a', receipt: 2, httpStatus: 400, code: 'conflictTaskUUID' },
  { kind: 'upload', at: 3, taskUUID: 'a', run: 1, imageUUID: 'i', content: 'image', sha256: 'a'.repeat(64), sizeBytes: 1 },
  { kind: 'failure', at: 4, taskUUID: 'b', run: 1, costUsd: '0.02', code: 'providerError' },
];

test('the total is exact', () => {
  expect(totalUsd(lines)).toBe('0.042');
  expect(totalUsd([])).toBe('0');
});

test('a line is the same after it was written and read', () => {
  for (const line of lines) expect(billLineSchema.parse(JSON.parse(JSON.stringify(line)))).toEqual(line);
});
