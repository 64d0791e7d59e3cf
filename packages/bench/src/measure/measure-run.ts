import { Redis } from 'ioredis';
import type { Figures, ImageMaker } from '../contestants/contestant.ts';
import type { StandIns } from '../stand-ins/start-stand-ins.ts';
import type { StandInCounts } from '../stand-ins/messages.ts';
import { isEngine, readPartMs } from './processor-time.ts';
import { readRedisLoad, resetRedisLoad } from './redis-load.ts';

/**
 * Lets a contestant make images, and returns the figures of the run: times in milliseconds, loads an image. @throws if an image was bought
 * twice, or not at all
 */
export async function measureRun(contestant: ImageMaker, images: number, standIns: StandIns): Promise<Figures> {
  const redis = contestant.redisUrl === undefined ? undefined : new Redis(contestant.redisUrl);
  try {
    if (redis !== undefined) await resetRedisLoad(redis);
    const before = await look(contestant, standIns);
    const startedAt = performance.now();
    await contestant.makeImages(images);
    const seconds = (performance.now() - startedAt) / 1000;
    const after = await look(contestant, standIns);
    const load = redis === undefined ? undefined : await readRedisLoad(redis);
    checkPurchases(contestant.name, before.counts, after.counts, images);

    const cpu = Object.entries(contestant.parts).map(([part, pid]) => ({
      part,
      cpuMs: ((after.cpuMs.get(pid) ?? 0) - (before.cpuMs.get(pid) ?? 0)) / images,
    }));
    const engine = cpu.filter(({ part }) => isEngine(part)).reduce((sum, { cpuMs }) => sum + cpuMs, 0);
    return {
      'images/s': images / seconds,
      ...Object.fromEntries(cpu.map(({ part, cpuMs }) => [`${part} ms`, cpuMs])),
      'engine ms': engine,
      ...(load !== undefined && {
        scripts: load.scripts / images,
        'script ms': load.scriptMs / images,
        'script p99 ms': load.scriptP99Ms,
      }),
      'S3 requests': (sumOf(after.counts.s3) - sumOf(before.counts.s3)) / images,
      questions: (after.counts.provider.questions - before.counts.provider.questions) / images,
    };
  } finally {
    redis?.disconnect();
  }
}

async function look(contestant: ImageMaker, standIns: StandIns): Promise<{ cpuMs: ReadonlyMap<number, number>; counts: StandInCounts }> {
  const counts = await standIns.readCounts();
  return {
    cpuMs: new Map(Object.entries(contestant.parts).map(([part, pid]) => [pid, readPartMs(part, pid)])),
    counts,
  };
}

const sumOf = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((sum, count) => sum + count, 0);

/** A run without a purchase for each image, such as one of no-ops, is told from a faulty one by having none at all. */
function checkPurchases(name: string, { provider: before }: StandInCounts, { provider: after }: StandInCounts, images: number): void {
  const bought = after.submissions - before.submissions;
  if (after.boughtTwice > before.boughtTwice) throw new Error(`${name} bought ${after.boughtTwice - before.boughtTwice} images twice`);
  if (bought !== 0 && bought !== images) throw new Error(`${name} sent ${bought} purchases for ${images} images`);
}
