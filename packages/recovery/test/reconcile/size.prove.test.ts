import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  createGenerationId,
  defaultTiming,
  formatUuid,
  parseGrokImagineRequest,
  taskUuidOf,
  type ListedRecord,
  type SubmissionRef,
} from '@darkroom/contracts';
import { buildGenerationStore, buildReconcileStore, defaultRetention, type GenerationStore } from '@darkroom/generation-store';
import { consequencesOf } from '@darkroom/purchase';
import { createSettlements, createSubmissions } from '@darkroom/queues';
import { reserveRedis } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { defaultReconcileSettings, reconcile, type Reconciler } from '../../src/index.ts';
import { COPY } from './copy-generations.ts';
import { measureProcessorTime } from './processor-time.ts';

/** A store as a large fleet leaves it. `SIZE_SHARE=0.01` makes a hundredth of it. */
const SHARE = Number(process.env['SIZE_SHARE'] ?? '1');
const OPEN = Math.round(100_000 * SHARE);
/** Number of open generations with 20 images; they wait to be sent. */
const LARGE = Math.round(500 * SHARE);
const FINISHED = Math.round(1_000_000 * SHARE);
const TENANT_DAYS = Math.round(100_000 * SHARE);
const IMAGE_NANO_USD = 20_000_000;
const DAY_MS = 86_400_000;
const LIMIT_MS = 50;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

const prefix = '{size}';
const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const dateOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** The id of the `at`-th of so many generations of a day; in the order of their numbers, and made anew where it is needed. */
function idOf(day: number, at: number, of: number): string {
  const elapsed = Math.min(DAY_MS, Date.now() - day) - 60_000;
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(day + Math.floor((at * (day === today ? Math.min(elapsed, 3_600_000) : elapsed)) / of), 0, 6);
  bytes[6] = 0x70;
  bytes[8] = 0x80;
  bytes.writeUIntBE(at, 10, 6);
  return formatUuid(bytes);
}
const openId = (at: number): string => idOf(today, at, OPEN);
/** Share of the finished generations under each of the two days before, which are compared (three in ten); the others are older. */
const finishedDays = [
  { day: today - DAY_MS, count: Math.round(FINISHED * 0.3) },
  { day: today - 2 * DAY_MS, count: Math.round(FINISHED * 0.3) },
  { day: today - 5 * DAY_MS, count: FINISHED - 2 * Math.round(FINISHED * 0.3) },
];
const isSent = (at: number): boolean => at >= LARGE && at % 2 === 0;
const imagesOf = (at: number): number => (at < LARGE ? 20 : 1);

const inBatches = async (count: number, size: number, each: (from: number, ids: number[]) => Promise<unknown>): Promise<void> => {
  for (let from = 0; from < count; from += size)
    await each(
      from,
      Array.from({ length: Math.min(size, count - from) }, (_, at) => from + at),
    );
};

async function template(store: GenerationStore, images: number, how: 'planned' | 'accepted' | 'succeeded'): Promise<string> {
  const request = parseGrokImagineRequest({
    positivePrompt: 'a red door in a white wall, late light, long shadows',
    numberResults: images,
  });
  const generationId = createGenerationId(Date.now());
  await store.enqueue({ generationId, tenant: 'acme', request, imageNanoUsd: IMAGE_NANO_USD });
  if (how === 'planned') return generationId;
  const ref = { generationId, index: 0, n: 1 };
  const commitment = await store.commit(ref, 'token');
  if (commitment.kind === 'stop') throw new Error(commitment.reason);
  await store.recordVerdict(ref, commitment.send, 'accepted');
  if (how === 'accepted') return generationId;
  const { amountNanoUsd, periods } = commitment.intent.reservation;
  const sha256 = 'a'.repeat(64);
  const image = {
    key: `images/${generationId}/0-1.jpg`,
    format: 'JPG' as const,
    contentType: 'image/jpeg',
    width: 1024,
    height: 1024,
    sizeBytes: 1000,
    sha256,
  };
  const result = {
    version: 1 as const,
    ...ref,
    taskUUID: taskUuidOf(ref),
    settledAt: Date.now(),
    reservation: { amountNanoUsd, periods },
    status: 'succeeded' as const,
    costSource: 'reported' as const,
    costNanoUsd: IMAGE_NANO_USD,
    road: 'upload' as const,
    image,
  };
  await store.settle(ref, consequencesOf(result, 2));
  return generationId;
}

test(`a pass over ${OPEN} open generations, ${FINISHED} finished ones and ${TENANT_DAYS} tenant-days blocks Redis for less than ${LIMIT_MS} ms`, async () => {
  await using own = await reserveRedis({ appendfsync: 'no' });
  await own.start();
  const redis = new Redis(own.url, { maxRetriesPerRequest: null });
  await redis.config('SET', 'appendonly', 'no');
  await redis.config('SET', 'save', '');
  const store = buildGenerationStore({ prefix, retention: defaultRetention, pollRate: { perSecond: 10, burst: 10 } }, redis);
  const ofPass = redis.duplicate();
  const worked = measureProcessorTime(ofPass, own.pid ?? process.pid);
  const submissions = createSubmissions(redis, { prefix });
  const settlements = createSettlements(redis, { prefix });
  await store.setCaps({ allPerDay: 1e15 });
  await store.initialise('epoch');

  const [planned, large, accepted, done] = [
    await template(store, 1, 'planned'),
    await template(store, 20, 'planned'),
    await template(store, 1, 'accepted'),
    await template(store, 1, 'succeeded'),
  ];
  // Of what is over no pass reads the long fields, such as request and result; a million with them would need 4 GB.
  for (const key of [`${prefix}:generation:${done}`, `${prefix}:submission:${done}:0-1`]) {
    const short = Object.entries(await redis.hgetall(key)).filter(([, value]) => value.length <= 64);
    await redis.multi().del(key).hset(key, Object.fromEntries(short)).expire(key, 600_000).exec();
  }
  const copy = (from: string, images: number, ids: string[], given: { tenant?: string; seconds?: number }): Promise<unknown> =>
    redis.eval(COPY, 1, `${prefix}:open`, prefix, from, images, given.tenant ?? '', Date.now() - 3_600_000, given.seconds ?? '', ...ids);
  await inBatches(OPEN, 1000, async (from, all) => {
    const of = (wanted: (at: number) => boolean): string[] => all.filter(wanted).map(openId);
    await copy(
      large,
      20,
      of((at) => at < LARGE),
      { tenant: `l${from}-` },
    );
    await copy(accepted, 1, of(isSent), { tenant: `a${from}-` });
    await copy(
      planned,
      1,
      of((at) => at >= LARGE && !isSent(at)),
      { tenant: `p${from}-` },
    );
    const refs = all.flatMap((at): SubmissionRef[] =>
      Array.from({ length: imagesOf(at) }, (_, index) => ({ generationId: openId(at), index, n: 1 })),
    );
    const sent = new Set(all.filter(isSent).map(openId));
    await submissions.add(refs.filter(({ generationId }) => !sent.has(generationId)));
    await Promise.all(refs.filter(({ generationId }) => sent.has(generationId)).map((ref) => settlements.park(ref, DAY_MS, false)));
  });
  for (const { day, count } of finishedDays)
    await inBatches(count, 1000, (_, all) =>
      copy(
        done,
        1,
        all.map((at) => idOf(day, at, count)),
        { seconds: 600_000 },
      ),
    );
  await inBatches(TENANT_DAYS, 1000, async (_, all) => {
    const pipeline = redis.pipeline();
    for (const at of all) pipeline.hset(`${prefix}:spend:tenant:past-${at}:day:2026-06-01`, 'reserved', 0, 'settled', IMAGE_NANO_USD);
    await pipeline.exec();
  });
  // The templates themselves are open, and have no jobs.
  for (const id of [planned, large]) await store.cancel(id);
  await settlements.park({ generationId: accepted, index: 0, n: 1 }, DAY_MS, true);
  const memory = /used_memory_human:(\S+)/.exec(await redis.info('memory'))?.[1];
  print(`filled: ${await redis.zcard(`${prefix}:open`)} open, ${await redis.dbsize()} keys, ${memory} of Redis`);

  /** Names as S3 would list them. */
  async function* listRecords(date: string, after = ''): AsyncGenerator<ListedRecord> {
    for (const { day, count } of [...finishedDays, { day: today, count: OPEN }]) {
      if (dateOf(day) !== date) continue;
      for (let at = 0; at < count; at += 1) {
        if (day === today && !isSent(at)) continue;
        const ref = { generationId: day === today ? openId(at) : idOf(day, at, count), index: 0, n: 1, round: 0, writtenAt: Date.now() };
        if (ref.generationId <= after) continue;
        yield { ...ref, kind: 'intent' };
        if (day !== today) yield { ...ref, kind: 'result' };
      }
      if (day === today) yield { generationId: accepted, index: 0, n: 1, round: 0, writtenAt: Date.now(), kind: 'intent' };
    }
  }
  async function* listImages(date: string, after = ''): AsyncGenerator<SubmissionRef & { writtenAt: number }> {
    if (date === dateOf(today)) return;
    for await (const { kind, generationId, index, n, writtenAt } of listRecords(date, after))
      if (kind === 'result') yield { generationId, index, n, writtenAt };
  }
  const archive: Reconciler['archive'] = {
    listRecordsOfDate: (date, options) => listRecords(date, options?.after),
    listImagesOfDate: (date, options) => listImages(date, options?.after),
    listRecordsOf: () => Promise.resolve([]),
    listImagesOf: () => Promise.resolve([]),
    async *listUploads() {
      for (let at = 0; at < 30_000 * SHARE; at += 1)
        yield { taskUUID: taskUuidOf({ generationId: openId(at), index: 0, n: 2 }), writtenAt: Date.now() };
    },
    listRecordDates: () => Promise.resolve([]),
    async *listRequestsOfDate() {},
    recordResult: () => Promise.reject(new Error('nothing is to be recorded')),
  };
  const reconciler: Reconciler = {
    store: buildReconcileStore({ prefix }, ofPass),
    generations: store,
    archive,
    submissions,
    settlements,
    recovery: {
      store,
      archive: { ...archive } as unknown as Reconciler['recovery']['archive'], // nothing is brought back
      waits: { park: () => Promise.resolve(), reviveSubmission: () => Promise.resolve() },
      settings: { timing: defaultTiming, maxSubmissions: 2 },
      now: Date.now,
    },
    around: {
      now: Date.now,
      wait: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
      createHolder: randomUUID,
      note: ({ kind, place, action }) => print(`${action} ${kind} ${JSON.stringify(place).slice(0, 200)}`),
      progress: ({ open, stored }) => print(`  ${open} open, ${stored} in S3`),
    },
    settings: defaultReconcileSettings,
  };

  await redis.config('SET', 'slowlog-log-slower-than', '2000');
  await redis.config('SET', 'slowlog-max-len', '1000');
  // A fleet that is busy: money moves all the while.
  const busy = new AbortController();
  const moving = (async () => {
    for (let moves = 0; ; moves += 1) {
      if (busy.signal.aborted) return moves;
      const id = await template(store, 1 + (moves % 3), 'planned');
      await store.cancel(id);
      await delay(20);
    }
  })();
  let peak = 0;
  const sampling = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 200);
  try {
    for (const name of ['first pass, through all keys', 'second pass', 'pass of an operator over everything']) {
      await redis.call('SLOWLOG', 'RESET');
      worked.reset();
      peak = 0;
      const before = process.memoryUsage().rss;
      const cpu = Number(/used_cpu_user:(\S+)/.exec(await redis.info('cpu'))?.[1]);
      const at = performance.now();
      const report = await reconcile(reconciler, { signal: new AbortController().signal, isThorough: name.includes('operator') });
      const seconds = ((performance.now() - at) / 1000).toFixed(0);
      const cpuSeconds = (Number(/used_cpu_user:(\S+)/.exec(await redis.info('cpu'))?.[1]) - cpu).toFixed(1);
      const slow = ((await redis.call('SLOWLOG', 'GET', '1000')) as [number, number, number, string[]][]) // the documented form of an entry
        .map(([, , micros, command]) => ({ ms: micros / 1000, command: command.slice(0, 2).join(' ').slice(0, 50) }))
        .toSorted((a, b) => b.ms - a.ms);
      const mb = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
      print(
        `${name}: ${seconds} s, ${report?.open} open, ${report?.stored} in S3, next ${JSON.stringify(report?.next)}, Redis ${cpuSeconds} s`,
      );
      print(
        `  memory ${mb(before)}, at the most ${mb(peak)}; ${slow.length} commands above 2 ms, the longest ${JSON.stringify(slow.slice(0, 4))}`,
      );
      expect(report).toMatchObject({ outcome: 'whole', findings: {} });
      print(`  the longest on the processor ${JSON.stringify(worked.longest())}`);
      expect(worked.longest()[0]?.ms).toBeLessThan(LIMIT_MS);
      // On the clock a command may have waited for a processor, now and then.
      expect(slow.filter(({ ms }) => ms > LIMIT_MS).length).toBeLessThan(5);
    }
    const drifted = `${prefix}:spend:all:day:${dateOf(today)}`;
    await redis.hincrby(drifted, 'reserved', -7);
    const report = await reconcile(reconciler, { signal: new AbortController().signal });
    expect(report?.findings, 'a drift is found although money moves').toEqual({ 'ledger-drift': { repaired: 1, named: 0 } });
  } finally {
    clearInterval(sampling);
    busy.abort();
    print(`money moved ${2 * (await moving)} times meanwhile`);
    await Promise.all([submissions.close(), settlements.close()]);
    await Promise.all([redis.quit(), ofPass.quit()]);
  }
});
