import type { DarkroomContestant, Figures } from '../contestants/contestant.ts';
import { countSockets, readEngineMs, readResidentMiB } from '../measure/processor-time.ts';
import { readUsedBytes } from '../measure/redis-load.ts';
import { enqueueAtRate } from './at-rate.ts';
import { rowOf, type Row, type Scenario } from './scenario.ts';
import { darkroomWith } from './starts.ts';
import { describeFigures, untilReached, withOne, withRedis } from './take-turns.ts';

const MINUTES = 60;
const QUICK_MINUTES = 0.1;
/** Looks at the processes, spread over the time. */
const LOOKS = 6;
/** Images that show the capacity; the load is half of it. */
const CAPACITY_IMAGES = 500;
const QUICK_CAPACITY_IMAGES = 100;
/** The bench raises them elsewhere (`WORKER_SUBMIT_CONCURRENCY`, `WORKER_SETTLE_CONCURRENCY`). */
const shipped = { WORKER_SUBMIT_CONCURRENCY: '4', WORKER_SETTLE_CONCURRENCY: '16' };
const LIMIT_MS = 60_000;

/** Half of the capacity for an hour: what grows? */
export const hour: Scenario = {
  name: 'hour',
  title: 'At half of the capacity for a long time',
  does: `${MINUTES} minutes (--minutes: others) at half of the capacity, with the slots that a worker ships with: memory, sockets, keys, streams`,
  async run(context) {
    const { isQuick, minutes = isQuick ? QUICK_MINUTES : MINUTES, onProgress } = context;
    return withOne(context, darkroomWith({ workerEnv: shipped }), async (darkroom) => {
      const images = isQuick ? QUICK_CAPACITY_IMAGES : CAPACITY_IMAGES;
      await darkroom.makeImages(images / 5);
      const startedAt = performance.now();
      await darkroom.makeImages(images);
      const perSecond = images / ((performance.now() - startedAt) / 1000) / 2;
      const each = Math.max(1, Math.round((perSecond * minutes * 60) / LOOKS));
      onProgress(`  ${perSecond.toFixed(1)} images a second, ${each * LOOKS} in all`);
      const rows: Row[] = [];
      for (let at = 1; at <= LOOKS; at += 1) {
        const before = readEngineMs(darkroom.parts);
        await enqueueAtRate(darkroom, perSecond, each);
        await untilReached(async () => (await darkroom.countOpen()) === 0, LIMIT_MS, 'half of the capacity leaves no generation open');
        const spentMs = readEngineMs(darkroom.parts) - before;
        const found = { ...(await look(darkroom)), 'engine ms': spentMs / each };
        const name = `after ${((minutes * at) / LOOKS).toFixed(1)} min`;
        rows.push(rowOf(name, [found]));
        onProgress(`  ${name}: ${describeFigures(found)}`);
      }
      return {
        rows,
        notes: [
          `${perSecond.toFixed(1)} images a second, one by one. Sockets are those of worker, receiver and API, clients those of Redis. "Other keys" name no generation; the keys of a generation stay for a week. "Longest stream" counts the entries of the longest stream of Redis. "Engine ms" is the CPU time of an image.`,
        ],
      };
    });
  },
};

/** A generation's id, or that of a task, in the name of a key. */
const ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

const look = (darkroom: DarkroomContestant): Promise<Figures> =>
  withRedis(darkroom, async (client) => {
    const { worker = 0, receiver = 0, api = 0 } = darkroom.parts;
    let [otherKeys, keys, longest] = [0, 0, 0];
    for await (const page of client.scanStream({ count: 1000 }) as AsyncIterable<string[]>) {
      keys += page.length;
      for (const key of page.filter((name) => !ID.test(name))) {
        otherKeys += 1;
        if ((await client.type(key)) === 'stream') longest = Math.max(longest, await client.xlen(key));
      }
    }
    const clients = Number(/connected_clients:(\d+)/.exec(await client.info('clients'))?.[1]) - 1;
    return {
      'worker MiB': readResidentMiB(worker),
      'receiver MiB': readResidentMiB(receiver),
      'API MiB': readResidentMiB(api),
      sockets: [worker, receiver, api].reduce((sum, pid) => sum + countSockets(pid), 0),
      clients,
      'other keys': otherKeys,
      'bytes a key': (await readUsedBytes(client)) / keys,
      'longest stream': longest,
    };
  });
