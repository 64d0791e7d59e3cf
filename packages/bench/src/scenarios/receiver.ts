import { startBareHooks } from '../contestants/start-bare-hooks.ts';
import { readProcessorMs } from '../measure/processor-time.ts';
import { sizeOf, submitLimitMs, type Scenario } from './scenario.ts';
import { darkroom, darkroomWith } from './starts.ts';
import { takeTurns, untilReached, withOne } from './take-turns.ts';

/** Deliveries of one measurement; each run takes two. */
const DELIVERIES = 500;
const QUICK_DELIVERIES = 50;
const AT_ONCE = 30;
const LOOK_EVERY_MS = 50;
/** A worker asks after 20 seconds about an image without a webhook, and settles it: most deliveries would then come too late to do anything. */
const workerEnv = { WORKER_POLLS_PER_SECOND: '1' };

/** The receiver by itself: its workers are stopped, and each delivery is the first of its submission. */
export const receiver: Scenario = {
  isQuick: true,
  name: 'receiver',
  title: 'The receiver by itself',
  does: 'deliveries through one receiver, at its maximum and at half of it, beside a bare fastify route that runs one script',
  async run(context) {
    const { ground, standIns, runs } = context;
    const count = sizeOf(context, DELIVERIES, QUICK_DELIVERIES);
    standIns.holdWebhooks(true);
    const bare = await startBareHooks(ground);
    try {
      const rows = await withOne(context, context.isQuick ? darkroom : darkroomWith({ workerEnv }), async (contestant) => {
        const images = count * 2 * runs;
        await contestant.queueImages(images);
        const areMade = async (): Promise<boolean> => (await standIns.readCounts()).heldWebhooks >= images;
        await untilReached(areMade, submitLimitMs(images), `the worker has submitted ${images} images`, LOOK_EVERY_MS);
        await contestant.stopWorkers();
        const ways = [
          // The bare server comes first: it gets the same deliveries, which Darkroom takes once.
          { name: 'bare fastify route, one script', pid: bare.pid, url: bare.url },
          { name: 'Darkroom', pid: contestant.parts['receiver'] ?? 0, url: undefined },
        ];
        return takeTurns(context, ways, async ({ name, pid, url }) => {
          const before = readProcessorMs(pid);
          const most = await standIns.deliver({ count, atOnce: AT_ONCE, url });
          const perSecond = count / most.seconds;
          const cpuMs = (readProcessorMs(pid) - before) / count;
          const half = await standIns.deliver({ count, perSecond: perSecond / 2, url });
          if (most.refused + half.refused > 0) throw new Error(`${name} refused ${most.refused + half.refused} deliveries`);
          return { 'deliveries/s': perSecond, 'CPU ms': cpuMs, 'p50 ms at half': half.p50, 'p99 ms at half': half.p99 };
        });
      });
      return {
        rows,
        notes: [
          `${count} deliveries, ${AT_ONCE} at once, then ${count} at half of the rate that this came to; no worker runs. The bare route parses the body and runs one script of one HSET.`,
        ],
      };
    } finally {
      standIns.holdWebhooks(false);
      await bare.stop();
    }
  },
};
