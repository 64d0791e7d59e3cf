import { submissionStatuses, type GenerationView, type ImageView } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { buildGeneration, buildImage } from '../../test/build-generation.ts';
import { describeStanding } from './status-words.ts';

const view = (status: GenerationView['status'], ...images: Partial<ImageView>[]): GenerationView =>
  buildGeneration({ status, images: images.map(buildImage) });

test('every status of a purchase has words of its own', () => {
  const words = submissionStatuses.map((submissionStatus) => describeStanding(view('running', { submissionStatus })).words);
  expect(new Set(words).size).toBe(submissionStatuses.length);
  expect(words.slice(0, 3)).toEqual(['queued', 'being bought', 'bought, at the provider']);
});

test('a generation of several images shows the one that is still open', () => {
  const several = view('running', { status: 'succeeded', submissionStatus: 'succeeded' }, { submissionStatus: 'accepted' });
  expect(describeStanding(several).words).toBe('bought, at the provider');
});

test('a final generation shows "verified", or its status and fault', () => {
  expect(describeStanding(view('succeeded', { status: 'succeeded' }))).toEqual({ words: 'verified', style: 'green' });
  const failed = view('failed', { status: 'failed', fault: { code: 'provider.content-refused', message: 'no' } });
  expect(describeStanding(failed)).toEqual({ words: 'failed: provider.content-refused no', style: 'red' });
  expect(describeStanding(view('partial', { status: 'succeeded' }, { status: 'lost' })).words).toBe('partial: lost');
});
