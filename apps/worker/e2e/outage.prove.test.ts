import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { defaultTiming, timingVariable, type Timing } from '@darkroom/contracts';
import { createProducer } from '@darkroom/producer';
import { eventually, readBilledTasks, startFleet, type Fleet } from '@darkroom/testing';
import { expect, test } from 'vitest';

/** Factor by which this run is faster than production: the outage, and each wait that depends on the provider. */
const FACTOR = 40;
const scaled = (seconds: number): number => (seconds * 1000) / FACTOR;
const OUTAGE_MS = scaled(600);
const RECOVERED_WITHIN_MS = scaled(30);
/** Time over which a rate is counted; at 16 acceptances a second, one acceptance is 2 % of it. */
const WINDOW_MS = 3000;
const WAITING = 1000;

/** BullMQ's own times concern killed workers, so they stay as in production. */
const kept: readonly string[] = ['lockDurationMs', 'stalledIntervalMs'] satisfies (keyof Timing)[];
const keys = Object.keys(defaultTiming) as (keyof Timing)[]; // the keys are the type
const timing = Object.fromEntries(
  keys.filter((key) => !kept.includes(key)).map((key) => [timingVariable(key), String(Math.ceil(defaultTiming[key] / FACTOR))]),
);

const everything = (status: 429 | 503) => ({ [`submit${status}Rate`]: 1, [`poll${status}Rate`]: 1 });
/** Each kind of outage, with its begin and its end. */
const outages: readonly { kind: string; begin(fleet: Fleet): Promise<void>; end(fleet: Fleet): Promise<void> }[] = [
  { kind: 'connections refused', begin: ({ emulator }) => emulator.kill(), end: ({ emulator }) => emulator.start() },
  { kind: '503 to everything', begin: (fleet) => fleet.setFaults(everything(503)), end: (fleet) => fleet.setFaults({}) },
  {
    kind: 'no answer to anything',
    begin: async ({ emulator }) => emulator.signal('SIGSTOP'),
    end: async ({ emulator }) => emulator.signal('SIGCONT'),
  },
  { kind: '429 to everything', begin: (fleet) => fleet.setFaults(everything(429)), end: (fleet) => fleet.setFaults({}) },
];

test('after provider outages of ten minutes with 1,000 waiting generations none has failed, and within 30 seconds the fleet buys as fast as before', async () => {
  const fleet = await startFleet({
    workers: 2,
    // Four requests at a time of 250 ms each: a rate that does not depend on the machine.
    workerEnv: { ...timing, WORKER_SUBMIT_CONCURRENCY: '2', DAILY_CAP_USD: '1000' },
    faults: { submitSlowRate: 1, submitSlowMs: 250, executionMs: [25, 75], uploadDelayMs: [25, 75] },
  });
  const producer = createProducer({ redisUrl: fleet.redisUrl });
  try {
    const ids: string[] = [];
    const fillUp = async (): Promise<void> => {
      const waiting = ids.length - (await timesOf(fleet, 'acceptance')).length;
      for (const upTo = ids.length + WAITING - waiting + 100; ids.length < upTo;) {
        const some = Array.from({ length: 50 }, (_, at) =>
          producer.enqueue({ positivePrompt: `generation ${ids.length + at}`, width: 576, height: 1248 }),
        );
        ids.push(...(await Promise.all(some)).map(({ generationId }) => generationId));
      }
    };
    await fillUp();
    await eventually(async () => expect((await timesOf(fleet, 'acceptance')).length).toBeGreaterThan(10));
    const startedAt = Date.now();
    await delay(2 * WINDOW_MS);
    const normal = (await countBetween(fleet, 'acceptance', startedAt, startedAt + 2 * WINDOW_MS)) / 2;

    const report = [
      `${((normal * 1000) / WINDOW_MS).toFixed(1)} a second before; times as in production (${FACTOR} times those of the run)`,
    ];
    for (const { kind, begin, end } of outages) {
      await fillUp();
      const began = Date.now();
      await begin(fleet);
      await delay(OUTAGE_MS);
      await end(fleet);
      const ended = Date.now();
      await delay(RECOVERED_WITHIN_MS + WINDOW_MS);

      const tries = await countBetween(fleet, 'submission', began, ended);
      const recovered = await recoveredAfterMs(fleet, ended, 0.95 * normal);
      const then = await countBetween(fleet, 'acceptance', ended + RECOVERED_WITHIN_MS, ended + RECOVERED_WITHIN_MS + WINDOW_MS);
      report.push(
        `${kind}: ${tries} tries, normal again after ${((recovered * FACTOR) / 1000).toFixed(1)} s, ${((100 * then) / normal).toFixed(0)} % of the normal rate from 30 s on`,
      );
      expect(recovered, kind).toBeLessThanOrEqual(RECOVERED_WITHIN_MS);
      expect(then, kind).toBeGreaterThanOrEqual(0.95 * normal);
      // The requests that were under way at the begin, and then one at a time.
      expect(tries, kind).toBeLessThanOrEqual(20 + OUTAGE_MS / (defaultTiming.maxProbeMs / FACTOR));
    }
    console.info(report.join('\n'));

    await fleet.setFaults({ submitSlowRate: 0 });
    for (const id of ids) expect((await producer.wait(id, { timeoutMs: 120_000 })).status, id).toBe('succeeded');
    const bill = await readBilledTasks(fleet.billFile);
    expect([...bill.values()].filter(({ executions }) => executions !== 1)).toEqual([]);
    expect(bill.size).toBe(ids.length);
  } finally {
    fleet.emulator.signal('SIGCONT');
    await producer.close();
    await fleet.stop();
  }
});

/** Returns the times at which lines of a kind were written to the bill. */
async function timesOf({ billFile }: Fleet, kind: string): Promise<number[]> {
  const lines = (await readFile(billFile, 'utf8')).split('\n').slice(0, -1);
  return lines.filter((line) => line.includes(`"kind":"${kind}"`)).map((line) => (JSON.parse(line) as { at: number }).at); // the bill's own words
}

const countBetween = async (fleet: Fleet, kind: string, from: number, to: number): Promise<number> =>
  (await timesOf(fleet, kind)).filter((at) => at >= from && at < to).length;

/** Returns the time from `ended` to the first window with `wanted` acceptances; Infinity if none has come yet. */
async function recoveredAfterMs(fleet: Fleet, ended: number, wanted: number): Promise<number> {
  const times = (await timesOf(fleet, 'acceptance')).filter((at) => at >= ended);
  const begins = times.filter((from) => times.filter((at) => at >= from && at < from + WINDOW_MS).length >= wanted);
  return (begins[0] ?? Infinity) - ended;
}
