import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCrashPoints } from '../src/crash-points/crash-run.ts';
import { otherScenarios } from './crash-points/other-scenarios.ts';
import { workerScenarios } from './crash-points/worker-scenarios.ts';

test.concurrent.each([...workerScenarios, ...otherScenarios])(
  'wherever a process dies while $name, it comes out the same',
  async (scenario) => {
    const directory = await mkdtemp(join(tmpdir(), 'darkroom-crash-'));
    const startedAt = performance.now();
    const report = await runCrashPoints(scenario, { directory, onProgress: (line) => console.info(line) });
    console.info(
      `${scenario.name}: ${report.struck} of ${report.points} points in ${((performance.now() - startedAt) / 1000).toFixed(0)} s${report.missed.map((point) => `\n  missed: ${point}`).join('')}`,
    );
    expect(report.findings, `logs, traces and bill are in ${directory}`).toEqual([]);
    await rm(directory, { recursive: true });
  },
);
