import { setTimeout as delay } from 'node:timers/promises';
import type { Contestant, Figures } from '../contestants/contestant.ts';
import { readProcessorMs } from '../measure/processor-time.ts';
import { quantileOf } from '../measure/spread.ts';
import { darkroom, park, tunedPark, type Start } from './starts.ts';
import { rowOf, type Scenario, type ScenarioContext } from './scenario.ts';

/** Images a second, one after the other. */
const RATES = [20, 50];
const SECONDS = 10;
/** The same in small. */
const QUICK = { rates: [10], seconds: 5 };
/** Time that the provider takes: many images are then in flight, as in production. */
const IMAGE_MS = 500;
const WARM_UP = 100;
const LOOK_EVERY_MS = 20;
const LIMIT_MS = 180_000;

/** Time from the moment at which the provider sends its webhook until the result is recorded. */
export const latency: Scenario = {
  name: 'latency',
  does: `webhook to recorded result, at ${RATES.join(' and ')} images a second`,
  isQuick: false,
  async run(context) {
    const { ground, standIns, runs, isQuick, onProgress } = context;
    const { rates, seconds } = isQuick ? QUICK : { rates: RATES, seconds: SECONDS };
    const contestants: Contestant[] = [];
    try {
      for (const start of [darkroom, park, tunedPark] satisfies Start[]) contestants.push(await start(ground));
      for (const contestant of contestants) await contestant.makeImages(WARM_UP);
      standIns.setDelay(IMAGE_MS);
      const rows = [];
      for (const rate of rates) {
        const figures = new Map<Contestant, Figures[]>(contestants.map((contestant) => [contestant, []]));
        for (let run = 1; run <= runs; run += 1) {
          for (const [contestant, measured] of figures) {
            measured.push(await measureLatency(contestant, rate, seconds, context));
            onProgress(`latency at ${rate}/s, run ${run}: ${contestant.name}: ${JSON.stringify(measured.at(-1))}`);
          }
        }
        for (const [contestant, measured] of figures) rows.push(rowOf(`${contestant.name}, ${rate}/s`, measured));
      }
      return {
        name: 'latency',
        title: 'From the webhook to the recorded result',
        rows,
        notes: [
          `Images arrive one by one for ${seconds} s, and the provider takes ${IMAGE_MS} ms for each. The time begins when it sends the webhook and ends when a listener hears of the result: by the events of Darkroom, or those of BullMQ.`,
        ],
      };
    } finally {
      standIns.setDelay(context.usualDelayMs);
      for (const contestant of contestants.toReversed()) await contestant.stop();
    }
  },
};

async function measureLatency(contestant: Contestant, rate: number, seconds: number, { standIns }: ScenarioContext): Promise<Figures> {
  const recorded = new Map<string, number>();
  const unhear = await contestant.hearRecorded((taskUUID, atMs) => recorded.set(taskUUID, atMs));
  const images = rate * seconds;
  const cpuOf = (): number =>
    Object.entries(contestant.parts).reduce((sum, [part, pid]) => sum + (isEngine(part) ? readProcessorMs(pid) : 0), 0);
  try {
    const before = cpuOf();
    const startedAt = performance.now();
    for (let at = 0; at < images; at += 1) {
      const dueInMs = startedAt + (at * 1000) / rate - performance.now();
      if (dueInMs > 0) await delay(dueInMs);
      await contestant.enqueueOne();
    }
    const endsAt = performance.now() + LIMIT_MS;
    while (recorded.size < images) {
      if (performance.now() > endsAt) throw new Error(`${contestant.name} recorded ${recorded.size} of ${images} images`);
      await delay(LOOK_EVERY_MS);
    }
    const told = await standIns.takeWebhookTimes();
    const waits = [...recorded].map(([taskUUID, atMs]) => atMs - (told[taskUUID] ?? Number.NaN));
    return { 'p50 ms': quantileOf(waits, 0.5), 'p99 ms': quantileOf(waits, 0.99), 'engine ms': (cpuOf() - before) / images };
  } finally {
    await unhear();
  }
}

const isEngine = (part: string): boolean => /^(worker|receiver|redis)/.test(part);
