import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { builtAppsFolder } from '../src/built-apps/built-apps.ts';
import { runCrashPoints } from '../src/crash-points/crash-run.ts';
import { otherScenarios } from './crash-points/other-scenarios.ts';
import { workerScenarios } from './crash-points/worker-scenarios.ts';

/** Some scenarios have a hundred points, and a busy machine takes ten seconds for one. */
const LIMIT_MS = 1_800_000;

/** The share of the points of a scenario that no run may come to, however often it is tried. */
const MAX_MISSED = 0.1;

const folder = builtAppsFolder();

// Backwards: some of the longest are at the end, and would run there alone.
for (const scenario of [...workerScenarios, ...otherScenarios].toReversed()) {
  test.concurrent(`it comes out the same wherever a process dies while ${scenario.name}`, { timeout: LIMIT_MS }, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'darkroom-crash-'));
    const startedAt = performance.now();
    const { points, twins, struck, missed, findings } = await runCrashPoints(scenario, { directory, folder });
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
    console.info(
      [
        `${scenario.name}: ${struck} of ${points} points in ${seconds} s, and ${twins} that are the same moment`,
        ...missed.map((point) => `missed: ${point}`),
      ].join('\n  '),
    );
    expect(findings, `logs, traces and bill are in ${directory}`).toEqual([]);
    // A busy machine makes golden runs poll once more than those that follow them, and BullMQ ask for work once more.
    expect(struck).toBeGreaterThan(0);
    expect(missed.length, missed.join('\n')).toBeLessThanOrEqual(Math.max(1, MAX_MISSED * points));
    await rm(directory, { recursive: true });
  });
}
