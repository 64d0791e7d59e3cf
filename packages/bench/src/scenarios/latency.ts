import type { Contestant, Figures } from '../contestants/contestant.ts';
import { cloneImage } from '../made/clone-image.ts';
import { readEngineMs } from '../measure/processor-time.ts';
import { quantileOf } from '../measure/spread.ts';
import { enqueueAtRate } from './at-rate.ts';
import { sizeOf, spell, type Row, type Scenario, type ScenarioContext } from './scenario.ts';
import { darkroom, park } from './starts.ts';
import { takeTurns, untilReached, withRedis, withStarted } from './take-turns.ts';

/** Images a second, one after the other. */
const RATES = [10, 50];
const SECONDS = 8;
/** Images in flight behind the last measurement. */
const PARKED = 100_000;
/** The same in small. */
const QUICK = { rates: [10], seconds: 2, parked: 1000 };
/** Time that the provider takes: many images are then in flight, as in production. */
const IMAGE_MS = 500;
/** Longer than a run. */
const PARKED_MS = 3_600_000;
const WARM_UP = 100;
const LIMIT_MS = 60_000;

/** Time from the moment at which the provider sends its webhook until the result is recorded. */
export const latency: Scenario = {
  isQuick: true,
  name: 'latency',
  title: 'From the webhook to the recorded result',
  does: `webhook to recorded result, at ${RATES.join(' and ')} images a second, and with ${spell(PARKED)} others in flight`,
  async run(context) {
    const { standIns, isQuick, onProgress } = context;
    const { rates, seconds } = isQuick ? QUICK : { rates: RATES, seconds: SECONDS };
    const parked = sizeOf(context, PARKED, QUICK.parked);
    try {
      return await withStarted(context, [darkroom, park], async (contestants) => {
        for (const contestant of contestants) await contestant.makeImages(isQuick ? WARM_UP / 5 : WARM_UP);
        standIns.setDelay(IMAGE_MS);
        const rows: Row[] = [];
        const measureAt = async (rate: number, words: string): Promise<void> => {
          const named = contestants.map((contestant) => ({ name: `${contestant.name}, ${words}`, contestant }));
          rows.push(...(await takeTurns(context, named, ({ contestant }) => measureLatency(contestant, rate, seconds, context))));
        };
        for (const rate of rates) await measureAt(rate, `${rate}/s`);
        for (const contestant of contestants) {
          await parkImages(contestant, parked, context);
          onProgress(`  ${contestant.name}: ${spell(parked)} images are parked`);
        }
        const [rate = 0] = rates;
        await measureAt(rate, `${rate}/s, ${spell(parked)} in flight`);
        return {
          rows,
          notes: [
            `Images arrive one by one for ${seconds} s, and the provider takes ${IMAGE_MS} ms for each. The time begins when it sends the webhook and ends when a listener hears of the result: by the events of Darkroom, or those of BullMQ. The images that are in flight beside them are copies of one in Redis.`,
          ],
        };
      });
    } finally {
      standIns.setDelay(context.usualDelayMs);
    }
  },
};

async function measureLatency(contestant: Contestant, rate: number, seconds: number, { standIns }: ScenarioContext): Promise<Figures> {
  const recorded = new Map<string, number>();
  const unhear = await contestant.hearRecorded((taskUUID, atMs) => recorded.set(taskUUID, atMs));
  const images = rate * seconds;
  try {
    const before = readEngineMs(contestant.parts);
    await enqueueAtRate(contestant, rate, images);
    await untilReached(() => recorded.size >= images, LIMIT_MS, `${contestant.name} has recorded ${images} images`);
    const told = await standIns.takeWebhookTimes();
    const waits = [...recorded].map(([taskUUID, atMs]) => atMs - (told[taskUUID] ?? Number.NaN));
    return {
      'p50 ms': quantileOf(waits, 0.5),
      'p99 ms': quantileOf(waits, 0.99),
      'engine ms': (readEngineMs(contestant.parts) - before) / images,
    };
  } finally {
    await unhear();
  }
}

/** Lets a contestant submit one image that stays in flight, and copies it. */
const parkImages = (contestant: Contestant, count: number, { standIns }: ScenarioContext): Promise<void> =>
  withRedis(contestant, async (client) => {
    standIns.setDelay(PARKED_MS);
    try {
      const image = await contestant.enqueueOne();
      const isParked = async (): Promise<boolean> => {
        const keys = await client.keys('*:delayed');
        const delayed = await Promise.all(keys.map((key) => client.zrange(key, '0', '-1')));
        const busy = await Promise.all((await client.keys('*:active')).map((key) => client.llen(key)));
        return delayed.flat().some((job) => job.includes(image.taskUUID)) && busy.every((jobs) => jobs === 0);
      };
      await untilReached(isParked, LIMIT_MS, `${contestant.name} has parked an image`);
      await cloneImage(client, image, count);
    } finally {
      standIns.setDelay(IMAGE_MS);
    }
  });
