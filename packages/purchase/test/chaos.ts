import { setTimeout as delay } from 'node:timers/promises';
import { formatRef, type SubmissionRef } from '@darkroom/contracts';
import { createDraws, photograph } from '@darkroom/testing';
import { settle, submit, type Outcome, type Purchase } from '../src/index.ts';
import { intercept, ProcessDied } from './interruptions.ts';
import type { PurchaseWorld } from './purchase-world.ts';

interface Job {
  kind: 'submit' | 'settle';
  ref: SubmissionRef;
  /** Number of runs begun so far. Only the newest one may end the job, because only it holds the lock. */
  runs: number;
  isRunning: boolean;
}

/** Failure of a call to Redis, S3 or the provider, with or without an effect. */
class Trouble extends Error {}

export interface Chaos {
  /** Decides everything that is left to chance. */
  seed: number;
  /** Time for which processes die and freeze, in milliseconds. */
  forMs: number;
  /** True if Redis loses some of that time. */
  losesMemory: boolean;
  /** True if processes also stand still and go on. */
  freezes: boolean;
}

/** Limits for a number drawn at each end of each call: the process dies, freezes, or goes on after an error of the call. */
const DIES = 0.02;
const FREEZES = 0.05;
const IS_TROUBLED = 0.08;

/**
 * Runs the jobs of one image in any order, again and at once, like workers whose jobs stall; processes die and freeze at any call. Then all
 * processes thaw, faults end, and the jobs run until none is left.
 */
export async function survive(world: PurchaseWorld, first: SubmissionRef, { seed, forMs, losesMemory, freezes }: Chaos): Promise<void> {
  const draws = createDraws(seed, 'chaos');
  let processes = 0;
  let jobs = new Map<string, Job>();
  const frozen: (() => void)[] = [];
  const calm: { since?: number } = {};
  const add = (kind: Job['kind'], ref: SubmissionRef): void => {
    const id = `${kind} ${formatRef(ref)}`;
    if (!jobs.has(id)) jobs.set(id, { kind, ref, runs: 0, isRunning: false });
  };
  const later = async (kind: Job['kind'], ref: SubmissionRef): Promise<void> => add(kind, ref);

  function newProcess(): Purchase {
    const calmMs = calm.since === undefined ? 0 : Date.now() - calm.since;
    // After a second of calm nothing is sent, and a submission that is not heard of within three seconds more is unknown.
    const timing = {
      uploadWindowMs: 100,
      // A process that dies after its last question leaves a note to ask again after this window, so it is as short as the test can wait.
      resendWindowMs: calmMs < 1000 ? 5000 : 0,
      horizonMs: calmMs < 4000 ? 3_600_000 : 0,
      firstPollMs: 30,
      maxPollMs: 60,
      troubleMs: 10,
      maxProbeMs: 40,
    };
    const purchase = world.purchase({ timing });
    let dead = false;
    processes += 1;
    const ofProcess = draws.of('process').of(processes);
    const calls = new Map<string, number>();
    const mayDie = async (moment: 'before' | 'after', call: string, nth: number): Promise<void> => {
      const fate = calm.since === undefined ? ofProcess.of(call).of(nth).fraction(moment) : 1;
      dead ||= fate < DIES;
      if (dead) throw new ProcessDied();
      if (freezes && fate < FREEZES) await new Promise<void>((thaw) => frozen.push(thaw));
      else if (fate < IS_TROUBLED) throw new Trouble();
    };
    const waits: Purchase['waits'] = {
      park: (ref) => later('settle', ref),
      addSubmission: (ref) => later('submit', ref),
      reviveSubmission: (ref) => later('submit', ref),
    };
    const webhookUrl = (ref: SubmissionRef): string => {
      world.webhooks.when(ref, async (body) => {
        const { kind, isAsked } = await world.store.recordDelivery(ref, { body });
        if (kind === 'recorded' || !isAsked) add('settle', ref); // as the receiver does
      });
      return world.webhooks.urlOf(ref);
    };
    return intercept({ ...purchase, waits, around: { ...purchase.around, webhookUrl } }, async (name, call) => {
      const nth = (calls.get(name) ?? 0) + 1;
      calls.set(name, nth);
      await mayDie('before', name, nth);
      const result = await call();
      await mayDie('after', name, nth);
      return result;
    });
  }

  async function run(id: string, job: Job): Promise<void> {
    job.isRunning = true;
    job.runs += 1;
    const { runs } = job;
    const process = job.kind === 'submit' ? submit : settle;
    const outcome = await process(newProcess(), job.ref).catch((error: unknown): Outcome | undefined => {
      if (!(error instanceof ProcessDied || error instanceof Trouble)) throw error;
      return undefined;
    });
    if (jobs.get(id) !== job || job.runs !== runs) return;
    job.isRunning = false;
    if (outcome?.kind === 'finished' || outcome?.kind === 'submitted') jobs.delete(id);
  }

  const running = new Set<Promise<void>>();
  const start = ([id, job]: [string, Job]): void => {
    const ended: Promise<void> = run(id, job).finally(() => running.delete(ended));
    running.add(ended);
  };

  add('submit', first);
  const endsAt = Date.now() + forMs;
  const [lostFrom, lostUntil] = [
    endsAt - forMs * (0.5 + draws.fraction('lost-from') / 2),
    endsAt - (forMs * draws.fraction('lost-until')) / 2,
  ];
  let restore: (() => Promise<void>) | undefined;
  let remembered: [string, Job][] = [];
  for (let round = 0; Date.now() < endsAt; round += 1) {
    const ofRound = draws.of('round').of(round);
    if (losesMemory && restore === undefined && Date.now() >= lostFrom) {
      remembered = [...jobs].map(([id, job]) => [id, { ...job, isRunning: false }]);
      restore = await photograph(world);
    }
    const chosen = [...jobs][Math.floor(ofRound.fraction('job') * jobs.size)];
    if (ofRound.chance('thaws', 0.1)) frozen.splice(Math.floor(ofRound.fraction('thawed') * frozen.length), 1)[0]?.();
    else if (chosen !== undefined && (!chosen[1].isRunning || ofRound.chance('runs-twice', 0.1))) start(chosen);
    if (restore !== undefined && remembered.length > 0 && Date.now() >= lostUntil) {
      await restore();
      await world.restarted();
      jobs = new Map(remembered.splice(0));
    }
    await delay(ofRound.fraction('pause') * 10);
  }
  calm.since = Date.now();
  while (jobs.size > 0 || running.size > 0) {
    for (const thaw of frozen.splice(0)) thaw();
    for (const job of jobs) if (!job[1].isRunning) start(job);
    await delay(40);
  }
}
