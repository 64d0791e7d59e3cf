import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { builtAppsFolder } from '../../src/built-apps/built-apps.ts';
import { runCrashPoints, type CrashRunOptions } from '../../src/crash-points/crash-run.ts';
import { otherScenarios } from './other-scenarios.ts';
import { workerScenarios } from './worker-scenarios.ts';

/** Some scenarios have a hundred points, and a busy machine takes ten seconds for one. */
const LIMIT_MS = 1_800_000;

/** Share of a scenario's points that a run may miss, after all tries. */
const MAX_MISSED = 0.1;
/** Share of its points that a scenario may no longer have at the end: on a busy machine each golden run polls once more. */
const MAX_GONE = 0.25;

/** Starts of the names of scenarios that take minutes, the longest first: one that begins last would run alone. */
const longest = [
  'an operator rebuilds',
  'a worker starts',
  'an operator reconciles',
  'an image is fetched',
  'a purchase never arrives',
  'a purchase fails',
  'a caller enqueues',
  'the answer to a purchase',
  'a purchase is refused for now',
  'a generation expires',
];
const placeOf = ({ name }: { name: string }): number => {
  const place = longest.findIndex((start) => name.startsWith(start));
  return place === -1 ? longest.length : place;
};

/** Makes a test of each scenario, which strikes all its points or a slice of them. */
export function testScenarios(options: Pick<CrashRunOptions, 'slice'>): void {
  const folder = builtAppsFolder();
  for (const scenario of [...workerScenarios, ...otherScenarios].toSorted((left, right) => placeOf(left) - placeOf(right))) {
    test.concurrent(`the result is the same wherever a process dies while ${scenario.name}`, { timeout: LIMIT_MS }, async () => {
      const directory = await mkdtemp(join(tmpdir(), 'darkroom-crash-'));
      const startedAt = performance.now();
      const { found, points, twins, struck, missed, gone, findings } = await runCrashPoints(scenario, { directory, folder }, options);
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
      console.info(
        [
          `${scenario.name}: ${struck} of ${points} points in ${seconds} s, of ${found} and ${twins} that are the same moment`,
          ...missed.map((point) => `missed: ${point}`),
          ...gone.map((point) => `gone: ${point}`),
        ].join('\n  '),
      );
      expect(findings, `logs, traces and bill are in ${directory}`).toEqual([]);
      // On a busy machine a golden run polls once more than later runs, and BullMQ asks for work once more.
      expect(struck).toBeGreaterThan(0);
      expect(missed.length, missed.join('\n')).toBeLessThanOrEqual(Math.max(1, MAX_MISSED * points));
      expect(gone.length, gone.join('\n')).toBeLessThanOrEqual(Math.max(1, MAX_GONE * points));
      await rm(directory, { recursive: true });
    });
  }
}
