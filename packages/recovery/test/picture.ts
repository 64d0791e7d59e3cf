import type { GenerationView, SubmissionRef } from '@darkroom/contracts';
import { expect } from 'vitest';
import type { Spend, World } from './world.ts';

/** A generation and the ledger, less what S3 cannot know: its revision, when Redis heard of an end, the fair line, and holds for what was never sent. */
export interface Picture {
  generation: Omit<GenerationView, 'finishedAt' | 'reservedUsd' | 'queue' | 'revision'>;
  isOpen: boolean;
  isRetired: boolean;
  /** Its images that count as open. */
  counted: string[];
  live: number;
  failures: string[];
  ledger: Record<string, Spend>;
}

export async function takePicture(world: World, generationId: string): Promise<Picture> {
  const view = await world.store.find(generationId);
  if (view === undefined) throw new Error(`generation "${generationId}" has no record`);
  const { finishedAt: _finishedAt, reservedUsd: _reservedUsd, queue: _queue, revision: _revision, ...generation } = view;
  const refs = (await world.store.findSubmissions(generationId)).map(({ index, n }): SubmissionRef => ({ generationId, index, n }));
  const hashes = await Promise.all(refs.map((ref) => world.submission(ref)));
  const ledger = await world.ledger();
  for (const { status, held, periods = '', reserved } of hashes) {
    if (status !== 'planned' || held !== '1') continue;
    for (const period of periods.split(' ')) {
      const spend = ledger[period];
      if (spend !== undefined) spend.reserved -= Number(reserved);
    }
  }
  const key = `${world.prefix}:generation:${generationId}`;
  return {
    generation: {
      ...generation,
      images: generation.images.map(({ settledAt: _settledAt, submissionStatus, ...image }) => ({
        ...image,
        submissionStatus: submissionStatus === 'accepted' ? 'committed' : submissionStatus,
      })),
    },
    isOpen: (await world.redis.zscore(`${world.prefix}:open`, generationId)) !== null,
    counted: (await world.redis.zrange(`${world.prefix}:open-images`, '0', '-1')).filter((name) => name.includes(`/${generationId}/`)),
    isRetired: (await world.redis.ttl(key)) > 0,
    live: Number(await world.redis.hget(key, 'live')),
    failures: hashes.map(({ failures = '' }) => failures),
    ledger: Object.fromEntries(Object.entries(ledger).filter(([, { reserved, settled }]) => reserved > 0 || settled > 0)),
  };
}

/** Each submission that may be under way has a settlement, and each that is to be bought a job. */
export async function expectJobs(world: World, generationId: string): Promise<void> {
  for (const { status, ...ref } of await world.store.findSubmissions(generationId)) {
    if (status === 'planned') expect(await world.jobOf('submissions', ref)).toBe('waiting');
    if (status === 'committed' || status === 'accepted') expect(await world.jobOf('settlements', ref)).toBe('delayed');
  }
}
