import { createGenerationId, createModels, grokImagineImage, type GenerationView, type StoredRequest } from '@darkroom/contracts';
import { posterModel } from '@darkroom/testing';
import { expect, test } from 'vitest';
import { buildRetryChange, changeOne, requestProblems } from '../src/shared.ts';
import { endImage, viewOf, type Entry } from '../src/testing/memory-entry.ts';
import { createMemoryImages } from '../src/testing/memory-images.ts';

const poster = { model: 'acme:poster@1', text: 'a red door', scale: 2, numberResults: 2, outputFormat: 'PNG' } as const;
const generationId = createGenerationId(Date.now());

test('a request is checked by the model that it names', () => {
  const models = createModels(grokImagineImage, posterModel);
  expect(requestProblems({ model: 'acme:poster@1', text: 'a red door' }, models)).toEqual([]);
  expect(requestProblems({ model: 'acme:poster@1', positivePrompt: 'a red door' }, models)).toMatchObject([{ path: 'text' }]);
  expect(requestProblems({ text: 'a red door' }, models)).not.toEqual([]);
  expect(requestProblems({ model: 'acme:postr@1', text: 'a red door' }, models)).toMatchObject([{ path: 'model' }]);
});

test('retries of many have the prices of their models, and a model without a known price refuses its generation alone', async () => {
  const view = { generationId, request: poster as StoredRequest, images: [{ index: 1, status: 'failed' }] } as GenerationView;
  const caller = { get: () => Promise.resolve(view), retry: () => Promise.reject(new Error('a dry run retries nothing')) };
  const quoteOf = () => Promise.resolve(posterModel.quote(poster));
  const dryRun = (by: object) => changeOne({ ...caller, ...by }, buildRetryChange(), generationId, { isDryRun: true });
  expect(await dryRun({ quoteOf })).toMatchObject({ kind: 'changed', images: 1, nanoUsd: 140_000_000 });
  expect(await dryRun({})).toMatchObject({ kind: 'refused', error: { problems: [{ path: 'model' }] } });
});

test('a testing producer shows a generation under its own model, with an image of its size', () => {
  const generation = { generationId, tenant: 'acme', request: poster, outline: posterModel.outline(poster), imageNanoUsd: 140_000_000 };
  const entry: Entry = {
    generation,
    outcome: { kind: 'succeed' },
    createdAt: 0,
    status: 'running',
    revision: 1,
    images: [],
    released: new Set(),
  };
  expect(viewOf(entry)).toMatchObject({ provider: 'acme', model: 'acme:poster@1' });
  const open = { index: 0, status: 'open', submissionStatus: 'planned', submissions: 1, taskUUID: '', costUsd: '0', extras: [] } as const;
  const ended = endImage(entry, { ...open, extras: [] }, { kind: 'succeed' }, createMemoryImages(), 1);
  expect(ended.image).toMatchObject({ format: 'PNG', width: 200, height: 300 });
});
