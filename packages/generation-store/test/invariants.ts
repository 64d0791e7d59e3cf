import {
  canMoveGeneration,
  canMoveSubmission,
  isFinalSubmission,
  type GenerationStatus,
  type ImageStatus,
  type SubmissionStatus,
} from '@darkroom/contracts';
import { expect } from 'vitest';
import type { Spend, World } from './world.ts';

/** A generation as it lies in Redis, read past the store. */
export interface Picture {
  status: GenerationStatus;
  images: ImageStatus[];
  live: number;
  cost: number;
  isOpen: boolean;
  isRetired: boolean;
  /** Indexes of its images that count as open. */
  counted: number[];
  /** Unknown outcomes as an operator sees them. */
  unknown: string[];
  /** By image, in order. */
  submissions: { status: SubmissionStatus; reserved: number; held: boolean; isDue: boolean; settled: number; periods: string[] }[][];
  ledger: Record<string, Spend>;
}

export async function takePicture(world: World, generationId: string): Promise<Picture> {
  const generation = await world.generation(generationId);
  const numbers = Array.from({ length: Number(generation['images']) }, (_, index) => index);
  return {
    status: generation['status'] as GenerationStatus, // written by our own scripts, like the other words below
    images: numbers.map((index) => generation[`image:${index}`] as ImageStatus),
    live: Number(generation['live']),
    cost: Number(generation['cost']),
    isOpen: (await world.redis.zscore(`${world.prefix}:open`, generationId)) !== null,
    counted: await countedOf(world, generationId),
    unknown: await world.redis.zrange(`${world.prefix}:unknown`, '0', '-1'),
    isRetired: (await world.redis.ttl(`${world.prefix}:generation:${generationId}`)) > 0,
    submissions: await Promise.all(
      numbers.map((index) =>
        Promise.all(
          Array.from({ length: Number(generation[`latest:${index}`]) }, async (_, at) => {
            const fields = await world.submission({ generationId, index, n: at + 1 });
            return {
              status: fields['status'] as SubmissionStatus,
              reserved: Number(fields['reserved']),
              held: fields['held'] === '1',
              isDue: fields['held'] === 'due',
              settled: Number(fields['settled'] ?? 0),
              periods: String(fields['periods'])
                .split(' ')
                .filter((name) => name !== ''),
            };
          }),
        ),
      ),
    ),
    ledger: await world.ledger(),
  };
}

async function countedOf({ redis, prefix }: World, generationId: string): Promise<number[]> {
  const names = await redis.zrange(`${prefix}:open-images`, '0', '-1');
  return names.flatMap((name) => (name.includes(`/${generationId}/`) ? [Number(name.split('/')[2])] : []));
}

/** Checks the rules of a generation that has the store to itself, after any calls. */
export function expectSound({ status, images, live, cost, isOpen, isRetired, counted, unknown, submissions, ledger }: Picture): void {
  const all = submissions.flat();
  const periods = new Set([...Object.keys(ledger), ...all.flatMap((each) => each.periods)]);
  for (const period of periods) {
    const mine = all.filter((each) => each.periods.includes(period));
    expect(ledger[period], period).toEqual({
      reserved: mine.reduce((sum, { held, reserved }) => sum + (held ? reserved : 0), 0),
      settled: mine.reduce((sum, { settled }) => sum + settled, 0),
    });
  }
  expect(cost).toBe(all.reduce((sum, { settled }) => sum + settled, 0));
  expect(live).toBe(all.filter((each) => !isFinalSubmission(each.status)).length);
  expect(images).toEqual(submissions.map((of) => statusOfImage(of.map((each) => each.status))));
  expect(counted).toEqual(images.flatMap((image, index) => (image === 'open' ? [index] : [])));
  expect(status === 'queued' || status === 'running', 'open as long as an image is, unless cancelled or expired').toBe(
    images.includes('open') && status !== 'cancelled' && status !== 'expired',
  );
  for (const { status: each, held, isDue } of all) {
    expect(held || isDue, each).toBe(!isFinalSubmission(each) || each === 'unknown');
    if (isDue) expect(each).toBe('planned');
  }
  expect(unknown.toSorted().map((name) => name.split('/')[1])).toEqual(
    submissions.flatMap((of, index) => of.flatMap((each, at) => (each.status === 'unknown' ? [`${index}-${at + 1}`] : []))),
  );
  expect(isOpen).toBe(all.some((each) => each.held || each.isDue));
  expect(isRetired).toBe(!isOpen);
}

/** Checks the rules of any step from one picture to the next (I4). */
export function expectLegalMoves(before: Picture, after: Picture): void {
  if (before.status !== after.status) {
    // the first commit and the end of a generation may fall into one step
    const isLegal =
      canMoveGeneration(before.status, after.status) || (before.status === 'queued' && canMoveGeneration('running', after.status));
    expect(isLegal, `generation: "${before.status}" to "${after.status}"`).toBe(true);
  }
  before.submissions.forEach((of, index) =>
    of.forEach(({ status: from }, at) => {
      const to = after.submissions[index]?.[at]?.status;
      if (from === to) return;
      // the provider's answer may be the first that Redis knows of a commit that it forgot
      const isLegal = to !== undefined && (canMoveSubmission(from, to) || (from === 'planned' && to === 'accepted'));
      expect(isLegal, `${index}-${at + 1}: "${from}" to "${to}"`).toBe(true);
    }),
  );
  before.images.forEach((from, index) => from === 'succeeded' && expect(after.images[index]).toBe('succeeded'));
}

function statusOfImage(submissions: SubmissionStatus[]): ImageStatus {
  if (submissions.includes('succeeded')) return 'succeeded';
  const newest = submissions.at(-1);
  return newest === 'failed' || newest === 'lost' || newest === 'unknown' ? newest : 'open';
}
