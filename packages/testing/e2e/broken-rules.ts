import type { Timing } from '@darkroom/contracts';
import type { Breakage } from '../src/built-apps/bundle-apps.ts';
import type { CrashScenario } from '../src/crash-points/crash-run.ts';
import type { CrashPoint } from '../src/crash-points/order.ts';
import { findScenario, worker, wrongUntil } from './crash-points/worker-scenarios.ts';

/** One rule of the worker, broken on purpose. */
export interface BrokenRule {
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

/** The rules that crash points must find broken. */
export const brokenRules: BrokenRule[] = [
  {
    rule: 'the question before a repeated send',
    breakages: [
      {
        file: 'packages/purchase/dist/submit.js',
        find: /known = turn\.kind === 'wait' \? turn : await askWhetherKnown\([^;]*\);/,
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
