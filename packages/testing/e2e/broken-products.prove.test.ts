import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Timing } from '@darkroom/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleApps, type Breakage } from '../src/built-apps/bundle-apps.ts';
import { runCrashPoints, type CrashScenario } from '../src/crash-points/crash-run.ts';
import type { CrashPoint } from '../src/crash-points/order.ts';
import { findScenario, worker, wrongUntil } from './crash-points/worker-scenarios.ts';

/**
 * Crash points that passed for every product would be worth nothing. Each test here breaks one of four rules in a copy of the worker,
 * and the points of that rule must find it; on the sound worker the same points find nothing.
 */
interface BrokenRule {
  rule: string;
  breakages: Breakage[];
  scenario: CrashScenario;
  /** Selects the points to strike. */
  points: (point: CrashPoint) => boolean;
  /** The finding that must come, in its words. */
  found: RegExp;
}

const afterPost = ({ request, moment }: CrashPoint): boolean => request === 'provider POST /v1' && moment === 'after';

const patiently = (scenario: CrashScenario, timing: Partial<Timing>): CrashScenario => ({
  ...scenario,
  world: { ...scenario.world, timing: { ...scenario.world?.timing, ...timing } },
});

const brokenRules: BrokenRule[] = [
  {
    rule: 'the question before a repeated send',
    breakages: [
      {
        file: 'packages/purchase/dist/submit.js',
        find: /if \(isRepeated\)\s+known = await askWhetherKnown\([^;]*\);/,
        replace: '',
      },
    ],
    // Longer than a busy machine needs to start the worker again.
    scenario: patiently(findScenario('an image is fetched because its upload never comes'), { uploadWindowMs: 8000 }),
    points: afterPost,
    found: /^paidTwice: .*execution 2/,
  },
  {
    rule: 'the rule that calls an id burnt',
    breakages: [
      {
        // An empty answer proves nothing, because the provider may hide a running task; a worker that trusts it buys a second time.
        file: 'packages/purchase/dist/decide-conflict.js',
        find: /return notKnownForMs >= timing\.firstPollMs && \([^)]*\);/,
        replace: 'return notKnownForMs >= timing.firstPollMs;',
      },
      {
        file: 'packages/purchase/dist/decide-conflict.js',
        find: /if \(conflict === undefined \|\| conflict === 'unprovable' \|\| [^)]*\)/,
        replace: 'if (conflict === undefined)',
      },
    ],
    scenario: worker(
      'the provider hides a running task, and the answer to its purchase is lost',
      { executionMs: [4000, 4000], pollHidesRunning: true, detailsHideRunning: true },
      wrongUntil({ submitResetAfterRate: 1 }, 'submissions'),
    ),
    points: (point) => afterPost(point) && point.occurrence <= 3,
    found: /^paidTwice: .*no terminal verdict on 0-1/,
  },
  {
    rule: 'S3 first and Redis second',
    breakages: [
      {
        file: 'packages/purchase/dist/end-submission.js',
        find: /const recorded = await purchase\.archive\.recordResult\(mine\);/,
        replace: 'await settleInStore(purchase, ref, mine); const recorded = await purchase.archive.recordResult(mine);',
      },
    ],
    scenario: findScenario('an image is bought, uploaded and delivered'),
    points: ({ request, moment }) => /^s3 PUT .*\.result\.json$/.test(request) && moment === 'before',
    found: /^costDifferences: /,
  },
  {
    rule: 'park before POST',
    breakages: [
      { file: 'packages/purchase/dist/submit.js', find: /await waits\.park\([^;]*\);/, replace: '' },
      {
        file: 'packages/purchase/dist/submit.js',
        find: /(?=return takeAnswer\(purchase, ref, commitment, verdict\);)/,
        replace: 'await waits.park(ref, timing.firstPollMs, send > 1); ',
      },
    ],
    scenario: findScenario('two images come home at once, and nothing is delivered'),
    points: afterPost,
    found: /^stuck: |is not over|still not/,
  },
];

const LIMIT_MS = 1_800_000;

async function strike({ scenario, points }: BrokenRule, folder: string): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'darkroom-broken-'));
  const { struck, findings } = await runCrashPoints(scenario, { directory, folder }, { only: points, enoughFailures: 1 });
  expect(struck, 'points that were struck').toBeGreaterThan(0);
  console.info(`${scenario.name}: ${struck} points\n${findings.map((line) => `  ${line}`).join('\n')}`);
  await rm(directory, { recursive: true });
  return findings;
}

async function bundle(breakages: Breakage[] = []): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-apps-'));
  await bundleApps(folder, breakages);
  return folder;
}

describe('the sound worker passes', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await bundle();
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.each(brokenRules)('the points about $rule', { timeout: LIMIT_MS }, async (rule) => {
    expect(await strike(rule, folder)).toEqual([]);
  });
});

describe('the crash points find a worker without one of its rules', () => {
  test.each(brokenRules)('$rule', { timeout: LIMIT_MS }, async (rule) => {
    const folder = await bundle(rule.breakages);
    const findings = await strike(rule, folder);
    expect(findings).toEqual(expect.arrayContaining([expect.stringMatching(rule.found)]));
    await rm(folder, { recursive: true });
  });
});
