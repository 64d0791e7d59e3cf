import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { defined, formatUsd, parseUsd, timingProblems } from '@darkroom/contracts';
import { createProducer } from '@darkroom/producer';
import { plantDamage, readDamageFigures, type DamageFigures } from './damage.ts';
import { startChaos, type ChaosCounts } from './chaos.ts';
import { createClocks } from './clocks.ts';
import { startEventConsumers } from './consume-events.ts';
import { countEvents } from './count-events.ts';
import { drain } from './drain.ts';
import { endErasures } from './end-erasures.ts';
import type { ErasureCounts } from './erasing-caller.ts';
import { findErasedLeft } from '../judge/erased-left.ts';
import { readEvidence, writeRecords, type Evidence } from '../judge/evidence.ts';
import { promiseOf, type DecidingFigures } from '../judge/five-figures.ts';
import { predictForgetting } from '../judge/forgetting.ts';
import { judge, type Judgement } from '../judge/judge.ts';
import { startLoad, type Load } from './load.ts';
import { API, createHttpCalls } from './http-caller.ts';
import { NOTIFIER, startNotified } from './notified.ts';
import { deriveOrders, MAX_REFERENCE_IMAGES, type Order } from './orders.ts';
import { deriveProviderFaults, type ProviderBehaviour } from './provider-faults.ts';
import { openRecords } from '../judge/records.ts';
import type { Operate } from './rules.ts';
import type { RetryCounts } from './retrier.ts';
import { setRules } from './rules.ts';
import { deriveSchedule, type ScheduledFault } from './schedule.ts';
import { seeEverything } from './see-everything.ts';
import { readComebacks, type Comebacks } from './read-comebacks.ts';
import type { FaultRunSettings, RollbackLength } from './settings.ts';
import { noteSeenIn, SEEN_FILE } from '../judge/seen.ts';
import { reserveFailOverRedis, type FailOverRedis } from '../fleet/fail-over-redis.ts';
import { runApp } from '../fleet/run-app.ts';
import { startStack, type Stack } from '../fleet/stack.ts';
import { tenantCapUsd } from './tenants.ts';
import { forgetAfterMs, timingOf } from './timing.ts';

export interface FaultRunSurroundings {
  /** Folder of logs, bill, bucket and Redis. */
  directory: string;
  /** Ends the run early, with an error. */
  signal: AbortSignal;
  /** Called with a line every few seconds. */
  onProgress: (line: string) => void;
  /** Called with a line for each fault. */
  onFault: (line: string) => void;
}

export interface FaultRunOutcome {
  judgement: Judgement;
  /** The expected figures when they are not zero: the provider forgot ids that workers might still send again. */
  promised?: DecidingFigures;
  evidence: Evidence;
  counts: ChaosCounts;
  retries: RetryCounts;
  erasures: ErasureCounts;
  /** Number of calls that each bound on open images refused. */
  full: Load['full'];
  schedule: readonly ScheduledFault[];
  /** Daily cap of each tenant; absent without a cap. */
  capUsd?: string;
  /** Number of processes with a wrong clock. */
  wrongClocks: number;
  /** Planned length of each rollback, if the settings name one. */
  rollback?: RollbackLength;
  comebacks: Comebacks;
  /** Results of the reconciler on the damage at the begin of the run. */
  damage?: DamageFigures;
  /** Counts of log events that only faults cause. */
  events: Record<string, number>;
  /** Number of times that a consumer of the events was killed. */
  eventConsumerKills: number;
  /** Attempts at notifications that reached their receiver. */
  notificationAttempts: number;
  seconds: number;
}

const PROGRESS_EVERY_MS = 5000;

/** Runs a Darkroom under faults until all orders have ended or the limit is reached, and judges the result. */
export async function runFaults(settings: FaultRunSettings, around: FaultRunSurroundings): Promise<FaultRunOutcome> {
  const { directory } = around;
  const timing = timingOf(settings.scale);
  const problems = timingProblems(timing);
  if (problems.length > 0) throw new RangeError(`the scale ${settings.scale} breaks the chain of waiting times: ${problems.join('; ')}`);
  const provider = deriveProviderFaults(settings, timing);
  const plan = planOf(settings);
  const startedAt = performance.now();
  await using redis = await reserveFailOverRedis(join(directory, 'redis'));
  await using clocks = await createClocks(settings);
  const notificationKeys = `faults:${randomBytes(24).toString('hex')}`;
  const stack = await startStack({
    ...settings,
    directory,
    redis,
    timing,
    beside: clocks.envOf,
    apis: [API],
    notifiers: [NOTIFIER],
    notificationKeys,
    // Switches set beside these can be switched off again: the emulator then returns to the values of its start.
    providerFaults: provider.calm,
    workerEnv: {
      // A run that passes midnight meets the cap of the month instead.
      ...defined({
        TENANT_DAILY_CAP_USD: plan.caps?.['tenant:day'],
        TENANT_MONTHLY_CAP_USD: plan.caps?.['tenant:month'],
        WORKER_RECONCILE_EVERY_MS: settings.reconcileEveryMs?.toString(),
      }),
    },
  });
  let borne: Borne;
  let damage: Awaited<ReturnType<typeof plantDamage>> | undefined;
  try {
    if (settings.damaged === true) damage = await plantDamage(stack, Date.now());
    await setRules(operatorOf(stack), plan.orders);
    await stack.setProviderFaults(provider.faulty);
    borne = await burden(settings, plan, { ...stack, notificationKeys }, redis, providerOf(stack, provider), around);
  } finally {
    await stack.stop();
  }
  const evidence = await readEvidence({
    billFile: stack.billFile,
    bucketDir: stack.s3.bucketDir,
    directory,
    planted: damage?.objects ?? [],
  });
  const forgetMs = settings.forget === 'inside-window' ? forgetAfterMs(settings.forget, timing) : undefined;
  return {
    judgement: judge(evidence),
    evidence,
    ...borne,
    schedule: plan.schedule,
    ...defined({
      capUsd: plan.caps?.['tenant:day'],
      rollback: settings.rollback,
      promised: forgetMs === undefined ? undefined : promiseOf(predictForgetting(evidence.bill, forgetMs)),
      damage: damage && (await readDamageFigures(directory, damage)),
    }),
    wrongClocks: clocks.wrong,
    comebacks: await readComebacks(directory),
    events: await countEvents(directory),
    seconds: Math.round((performance.now() - startedAt) / 1000),
  };
}

/** Returns an operator's command line on a machine with the right time. */
const operatorOf =
  (stack: Stack): Operate =>
  (words) =>
    runApp('cli', words, stack.processes.get('worker-0')?.env ?? {});

interface ProviderControl {
  /** Ends its faults. */
  calm(): Promise<void>;
  /** Makes the emulator refuse sends with 429 far more often, or as often as before. */
  refuseMore(isOn: boolean): Promise<void>;
}

/** So many of ten sends or so at a time meet a 429 within a second. */
const REFUSED_MORE = 0.2;

const providerOf = (stack: Stack, { faulty, calm }: ProviderBehaviour): ProviderControl => ({
  calm: () => stack.setProviderFaults(calm),
  refuseMore: (isOn) => stack.setProviderFaults(isOn ? { ...faulty, submit429Rate: REFUSED_MORE } : faulty),
});

interface Plan {
  orders: Order[];
  schedule: ScheduledFault[];
  /** Caps of each tenant, as in the evidence. */
  caps?: { 'tenant:day': string; 'tenant:month': string };
}

/** The cap of a month, in days: more than that of a day, which alone stops the orders of a run within one day. */
const MONTHLY_CAP = 1.5;

/** Plans orders, faults and caps. A provider that forgets at once charges more than the ledger holds, and no cap can bound that. */
function planOf(settings: FaultRunSettings): Plan {
  const orders = deriveOrders(settings);
  const capUsd = tenantCapUsd(orders);
  const caps = { 'tenant:day': capUsd, 'tenant:month': formatUsd(Math.round(MONTHLY_CAP * parseUsd(capUsd))) };
  return { orders, schedule: deriveSchedule(settings), ...(settings.forget !== 'inside-window' && { caps }) };
}

/** The counts of a run. */
type Borne = Pick<FaultRunOutcome, 'counts' | 'eventConsumerKills' | 'notificationAttempts' | 'retries' | 'erasures' | 'full'>;

/** Runs orders and faults, then waits for calm, and writes down what Redis and the callers know. */
async function burden(
  settings: FaultRunSettings,
  { orders, schedule, caps }: Plan,
  stack: Stack & { notificationKeys: string },
  redis: FailOverRedis,
  provider: ProviderControl,
  { directory, signal, onProgress, onFault }: FaultRunSurroundings,
): Promise<Borne> {
  const startedAt = performance.now();
  const sayWhen = (line: string): string => `${((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)} s  ${line}`;
  const httpCallsOf = await createHttpCalls(stack);
  const producer = createProducer({
    redisUrl: stack.redis.url,
    prefix: stack.prefix,
    maxReferenceImages: MAX_REFERENCE_IMAGES,
    allowLoopbackWebhooks: true,
  });
  const notified = await startNotified(directory, settings.seed, stack.notificationKeys);
  const records = openRecords(stack);
  const over = new AbortController();
  const ended = AbortSignal.any([signal, over.signal]);
  // Each waiting caller listens to this signal.
  setMaxListeners(0, ended);
  const seen = noteSeenIn(join(directory, SEEN_FILE));
  const consumers = startEventConsumers(stack, directory);
  const parts = { producer, httpCallsOf, webhookURL: notified.url, signal: ended, seen, operate: operatorOf(stack) };
  const load = startLoad(parts, orders);
  const chaos = startChaos(schedule, {
    stack,
    redis,
    refuseMore: provider.refuseMore,
    placed: () => load.placed.length,
    signal: ended,
    onFault: (line) => onFault(sayWhen(line)),
  });
  const progress = setInterval(() => onProgress(sayWhen(describeProgress(settings, load, chaos.counts))), PROGRESS_EVERY_MS);
  try {
    await Promise.all([chaos.over, load.allPlaced]);
    signal.throwIfAborted();
    await provider.calm();
    onProgress(sayWhen(`the faults have stopped; ${load.open()} orders are open`));
    await drain(load, records, settings.scale, signal);
    over.abort();
    await load.done;
    onProgress(sayWhen('every caller has its answer'));
    await endErasures(stack, signal);
    // Nothing ends after the consumers have caught up: the judge counts each end of which no event told. The watch would start the
    // workers again.
    await chaos.stop();
    await Promise.all([...stack.processes].filter(([name]) => name.startsWith('worker-')).map(([, worker]) => worker.stop()));
    onProgress(sayWhen('the erasures are over, and the workers have stopped'));
    const eventConsumerKills = await consumers.finish();
    onProgress(sayWhen('the consumers have read every event'));
    await notified.finish(stack);
    onProgress(sayWhen('every notification is sent'));
    await seeEverything({ producer, s3: stack.s3, seen }, load.placed);
    const { bucketDir } = stack.s3;
    const scanned = { redis: records.redis, prefix: stack.prefix, bucketDir, billFile: stack.billFile };
    await writeRecords(directory, {
      erasedLeft: await findErasedLeft(scanned, load.placed),
      orders: load.placed,
      generations: await records.readGenerations(load.placed),
      pauses: await records.readPauses(),
      ledger: { ...(await records.readLedger()), ...defined({ caps }) },
    });
    const { retries, erasures, full } = load;
    return { counts: { ...chaos.counts }, eventConsumerKills, notificationAttempts: notified.attempts(), retries, erasures, full };
  } finally {
    clearInterval(progress);
    over.abort();
    await Promise.allSettled([chaos.over, chaos.stop(), load.done, consumers.stop()]);
    await notified.stop();
    await producer.close();
    records.close();
  }
}

const describeProgress = ({ generations }: FaultRunSettings, load: Load, { kills, redisRestarts, rollbacks }: ChaosCounts): string =>
  `placed ${load.placed.length} of ${generations}, open ${load.open()}, over ${load.placed.length - load.open()}; kills ${kills}, redis restarts ${redisRestarts}, rollbacks ${rollbacks}`;
