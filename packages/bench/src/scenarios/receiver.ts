import { setTimeout as delay } from 'node:timers/promises';
import type { Figures } from '../contestants/contestant.ts';
import { startBareHooks } from '../contestants/start-bare-hooks.ts';
import { startDarkroomContestant } from '../contestants/start-darkroom.ts';
import { readProcessorMs } from '../measure/processor-time.ts';
import { repositoryRoot } from '../repository-root.ts';
import { rowOf, type Scenario } from './scenario.ts';
import { usualFsync } from './starts.ts';

/** Deliveries of one measurement; each run takes two. */
const DELIVERIES = 1000;
const QUICK_DELIVERIES = 200;
const AT_ONCE = 30;
const LOOK_EVERY_MS = 50;
const LIMIT_MS = 600_000;

/** The receiver by itself: its workers are stopped, and each delivery is the first of its submission. */
export const receiver: Scenario = {
  name: 'receiver',
  does: 'deliveries through one receiver, at its maximum and at half of it, beside a bare server that runs one script',
  isQuick: false,
  async run({ ground, standIns, runs, isQuick, onProgress }) {
    const count = isQuick ? QUICK_DELIVERIES : DELIVERIES;
    standIns.holdWebhooks(true);
    const darkroom = await startDarkroomContestant(ground, { name: 'Darkroom', appendfsync: usualFsync, root: repositoryRoot });
    const bare = await startBareHooks(ground);
    try {
      const images = count * 2 * runs;
      await darkroom.queueImages(images);
      const startedAt = performance.now();
      while ((await standIns.readCounts()).provider.submissions < images) {
        if (performance.now() - startedAt > LIMIT_MS) throw new Error(`the worker did not submit ${images} images`);
        await delay(LOOK_EVERY_MS);
      }
      await darkroom.stopWorkers();
      // The images of the last submissions are made a moment later.
      await delay(1000);
      const ways = [
        { name: 'bare server, one script', pid: bare.pid, url: bare.url },
        { name: 'Darkroom', pid: darkroom.parts['receiver'] ?? 0, url: undefined },
      ];
      const figures = new Map<string, Figures[]>(ways.map(({ name }) => [name, []]));
      for (let run = 1; run <= runs; run += 1) {
        // The bare server comes first: it gets the same deliveries, which Darkroom takes once.
        for (const { name, pid, url } of ways) {
          const before = readProcessorMs(pid);
          const most = await standIns.deliver({ count, atOnce: AT_ONCE, url });
          const perSecond = count / most.seconds;
          const cpuMs = (readProcessorMs(pid) - before) / count;
          const half = await standIns.deliver({ count, perSecond: perSecond / 2, url });
          if (most.refused + half.refused > 0) throw new Error(`${name} refused ${most.refused + half.refused} deliveries`);
          const measured = { 'deliveries/s': perSecond, 'CPU ms': cpuMs, 'p50 ms at half': half.p50, 'p99 ms at half': half.p99 };
          figures.get(name)?.push(measured);
          onProgress(`receiver, run ${run}: ${name}: ${JSON.stringify(measured)}`);
        }
      }
      return {
        name: 'receiver',
        title: 'The receiver by itself',
        rows: [...figures].map(([name, measured]) => rowOf(name, measured)),
        notes: [
          `${count} deliveries, ${AT_ONCE} at once, then ${count} at half of the rate that this came to; no worker runs. The bare server is node:http, parses the body and runs one script of one HSET.`,
        ],
      };
    } finally {
      standIns.holdWebhooks(false);
      await bare.stop();
      await darkroom.stop();
    }
  },
};
