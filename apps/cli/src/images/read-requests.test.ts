import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { InvalidRequestError } from '@darkroom/contracts';
import { requestProblems } from '@darkroom/producer/shared';
import { expect, onTestFinished, test } from 'vitest';
import { readRequests } from './read-requests.ts';

/** Writes a file of requests. @returns its path. */
function fileOf(...lines: readonly string[]): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'darkroom-requests-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'requests.jsonl');
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
  return file;
}

test('a file with wrong lines names them all', async () => {
  const file = fileOf(
    '{"positivePrompt":"a door"}',
    'not json',
    '{"positivePrompt":"a door","width":5}',
    '{"positivePrompt":"a door","tags":"x","priority":"soon","idempotencyKey":""}',
  );
  await expect(readRequests(file, undefined, { requestProblems })).rejects.toThrow(
    /line 2.*must be a request as JSON[^]*line 3: height: must be given together with width[^]*line 4: tags:[^]*line 4: priority:[^]*line 4: idempotencyKey:/,
  );
});

test('a key that stands beside two different requests is a problem of the later line', async () => {
  const file = fileOf(
    '{"positivePrompt":"one","idempotencyKey":"k"}',
    '{"idempotencyKey":"k","positivePrompt":"one"}',
    '{"positivePrompt":"two","idempotencyKey":"k"}',
    '{"positivePrompt":"two"}',
    '{"positivePrompt":"two"}',
  );
  const error: unknown = await readRequests(file, undefined, { requestProblems }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InvalidRequestError);
  expect((error as InvalidRequestError).problems).toEqual([
    { path: 'line 3: idempotencyKey', message: 'is that of line 1, which is another request', given: '"k"' },
  ]);
});
