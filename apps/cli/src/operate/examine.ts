import { describeCapsDifference, MAX_CLOCK_SKEW_MS } from '@darkroom/contracts';
import { createObjectStorage, examineBucket, writtenFolders } from '@darkroom/object-storage';
import { createRunwareClient } from '@darkroom/runware-client';
import { runwareSettings, readSettings, s3Settings, type Environment } from '@darkroom/service-runtime';
import type { CommandContext, ExitCode } from '../commands/command.ts';
import { describeDiffering } from './caps.ts';
import { describeDamaged } from './describe-damaged.ts';
import { describeKeeping } from './describe-keeping.ts';
import { describeReading } from './describe-reading.ts';
import { describePauses } from './describe-pauses.ts';
import { openOperations } from './open-operations.ts';
import { describeRedisLoss } from './redis-loss.ts';

interface ExamineOptions {
  environment: Environment;
  dataDir: string | undefined;
  root: string;
}

/**
 * Result of one check. `well`: it works. `warned`: it works, and an operator should correct something. `skipped`: its setting is absent.
 * `trouble`: it does not work; the text says what still does.
 */
type CheckResult = { kind: 'well' | 'warned' | 'skipped' | 'trouble'; text: string };

const LIMIT_MS = 5000;
const messageOf = (error: unknown): string => describeRedisLoss(error) ?? (error instanceof Error ? error.message : String(error));

/** Checks every service that Darkroom depends on. Buys nothing. @returns 3 if a check found trouble. */
export async function examine(
  { dataDir }: { dataDir: string | undefined },
  { terminal, answer, isJson, environment, root }: CommandContext,
): Promise<ExitCode> {
  const options = { environment, dataDir, root };
  const checks: [string, (options: ExamineOptions) => Promise<CheckResult>][] = [
    ['redis', checkRedis],
    ['workers', checkWorkers],
    ['bucket', checkBucket],
    ['owner', checkBucketOwner],
    ['erasing', checkErasing],
    ['key', checkKey],
    ['webhook', checkWebhook],
  ];
  const results: ({ check: string } & CheckResult)[] = [];
  for (const [name, check] of checks) {
    const { kind, text } = await check(options).catch((error: unknown): CheckResult => ({ kind: 'trouble', text: messageOf(error) }));
    results.push({ check: name, kind, text });
    const mark = { well: '✔', warned: '!', skipped: '·', trouble: '✖' }[kind];
    if (isJson) continue;
    terminal.print(
      `  ${terminal.paint(kind === 'trouble' ? 'red' : 'green', mark)} ${name.padEnd(9)}${text.replaceAll('\n', '\n             ')}`,
    );
  }
  if (isJson) answer({ checks: results }, []);
  return results.some(({ kind }) => kind === 'trouble') ? 3 : 0;
}

const isSet = (environment: Environment, name: string): boolean => (environment[name] ?? '').trim() !== '';

async function checkRedis(options: ExamineOptions): Promise<CheckResult> {
  const operations = await openOperations(options);
  try {
    const { store, where, clock } = operations;
    const skewMs = clock.skewMs() ?? 0;
    if (Math.abs(skewMs) > MAX_CLOCK_SKEW_MS)
      return {
        kind: 'trouble',
        text: `${where} answers, and its time, ${new Date(clock.now()).toISOString()}, is ${Math.round(Math.abs(skewMs) / 1000)} s ${skewMs > 0 ? 'behind' : 'ahead of'} the clock of this machine; while they are more than a minute apart a process is not ready, and a worker takes no jobs: set the wrong clock (NTP)`,
      };
    const shortcomings = await operations.examineRedis();
    const reading = await operations.findReading();
    const history = [
      ...(reading === undefined ? [] : [describeReading(reading, clock.now())]),
      ...describeDamaged(await store.listDamaged()),
    ];
    const told = [`${where} answers`, await operations.describeServer(), ...shortcomings.map(({ text }) => text), ...history].join('\n');
    if (shortcomings.some(({ isUnfit }) => isUnfit)) return { kind: 'trouble', text: `${told}\nno worker becomes ready with this Redis` };
    if (!(await store.isInitialised()))
      return {
        kind: 'trouble',
        text: `${where} answers and is empty: no worker has opened the store yet, or Redis lost its memory (then: npm run rebuild)`,
      };
    const [pauses, found, reported] = await Promise.all([store.pauses(), store.findCaps(), store.findDiffering()]);
    const differing = reported ?? (found === undefined ? '' : describeCapsDifference(operations.readNamedCaps(), found.caps));
    if (differing !== '')
      return {
        kind: 'trouble',
        text: [told, describeDiffering(differing), ...describePauses(pauses, Date.now())].join('\n'),
      };
    return pauses.length === 0
      ? { kind: shortcomings.length + history.length === 0 ? 'well' : 'warned', text: told }
      : { kind: 'trouble', text: [told, ...describePauses(pauses, Date.now())].join('\n') };
  } finally {
    await operations.close();
  }
}

/** Says if a worker lives: nothing is bought without one. */
async function checkWorkers(options: ExamineOptions): Promise<CheckResult> {
  const operations = await openOperations(options);
  try {
    const since = await operations.store.findNoWorkerSince();
    if (since === undefined) return { kind: 'well', text: 'a worker gave a sign of life in the last half minute' };
    const when = since === 0 ? 'no worker has been seen yet' : `no worker has been seen since ${new Date(since).toISOString()}`;
    return { kind: 'warned', text: `${when}: queued images wait, and nothing is bought until one runs` };
  } finally {
    await operations.close();
  }
}

async function checkBucket({ environment }: ExamineOptions): Promise<CheckResult> {
  if (!isSet(environment, 'S3_BUCKET')) return { kind: 'skipped', text: 'S3_BUCKET is not set; npm start brings its own' };
  const { s3 } = readSettings({ s3: s3Settings }, environment);
  const storage = createObjectStorage({ ...s3, requestTimeoutMs: LIMIT_MS, maxImageBytes: 1 }, { now: Date.now });
  try {
    await storage.checkAccess();
    for (const folder of writtenFolders) await storage.checkWrites(folder);
    return { kind: 'well', text: `"${s3.bucket}" at ${s3.endpoint ?? 'AWS'} can be read and written, and refuses to overwrite a record` };
  } catch (error) {
    return { kind: 'trouble', text: `${messageOf(error)}\nworkers do not start without it; queued images wait` };
  } finally {
    storage.close();
  }
}

/** Says if an erasure removes bytes from this bucket. Where it does not, all else works. */
async function checkErasing({ environment }: Omit<ExamineOptions, 'terminal'>): Promise<CheckResult> {
  if (!isSet(environment, 'S3_BUCKET')) return { kind: 'skipped', text: 'S3_BUCKET is not set; the bucket of npm start keeps no versions' };
  const { s3 } = readSettings({ s3: s3Settings }, environment);
  const told = describeKeeping(await examineBucket({ ...s3, requestTimeoutMs: LIMIT_MS }));
  if (told.length === 0)
    return { kind: 'well', text: `"${s3.bucket}" keeps nothing that is erased: no versions, no Object Lock, no replication` };
  return { kind: 'warned', text: [`"${s3.bucket}" may keep what is erased (docs/operations/erasure.md)`, ...told].join('\n') };
}

/** Names the owner of the bucket; fails if Redis and bucket belong to different Darkrooms. */
async function checkBucketOwner(options: ExamineOptions): Promise<CheckResult> {
  const operations = await openOperations(options);
  try {
    const storage = await operations.openBucket();
    try {
      const owner = await storage.findOwner();
      return owner === undefined
        ? { kind: 'skipped', text: 'the bucket belongs to no Darkroom yet; the first worker claims it' }
        : { kind: 'well', text: `Redis and bucket belong to the Darkroom ${owner.id} with the prefix ${owner.prefix}` };
    } finally {
      storage.close();
    }
  } finally {
    await operations.close();
  }
}

async function checkKey({ environment }: ExamineOptions): Promise<CheckResult> {
  if (!isSet(environment, 'RUNWARE_API_KEY')) return { kind: 'skipped', text: 'RUNWARE_API_KEY is not set; npm start uses an emulator' };
  const { runware } = readSettings({ runware: runwareSettings }, environment);
  const client = createRunwareClient({ ...runware, requestTimeoutMs: LIMIT_MS, maxImageBytes: 1 }, { now: Date.now });
  const verdict = await client.checkAccount({ dryRun: true });
  if (verdict.wasCharged) return { kind: 'trouble', text: `${runware.url} takes the key, and ran the dry run as a purchase` };
  switch (verdict.kind) {
    case 'open':
      return { kind: 'well', text: `${runware.url} takes the key (asked with a dry run)` };
    case 'account':
      return {
        kind: 'trouble',
        text: `${runware.url} refuses the account: ${verdict.fault.code}: ${verdict.fault.message}\na worker with this key buys nothing until that is corrected; what was bought comes home when Runware takes the key again`,
      };
    case 'inconclusive':
      return { kind: 'trouble', text: `${runware.url} gave no clear answer: ${verdict.fault.code}: ${verdict.fault.message}` };
    case 'refusing':
      return {
        kind: 'trouble',
        text: `${runware.url} refuses the plainest purchase: ${verdict.fault.code}: ${verdict.fault.message}\nworkers buy nothing until it is taken; no order fails`,
      };
    case 'foreign':
      return {
        kind: 'trouble',
        text: `${runware.url} does not answer as Runware does: ${verdict.fault.code}: ${verdict.fault.message}\ncorrect RUNWARE_URL (its path is /v1), or the proxy or gateway on the way; a worker with this address buys nothing, and no order fails`,
      };
    default:
      return verdict satisfies never;
  }
}

async function checkWebhook({ environment }: ExamineOptions): Promise<CheckResult> {
  if (!isSet(environment, 'WEBHOOK_BASE_URL')) return { kind: 'skipped', text: 'WEBHOOK_BASE_URL is not set; workers poll for results' };
  const address = `${(environment['WEBHOOK_BASE_URL'] ?? '').replace(/\/+$/, '')}/livez`;
  try {
    const response = await fetch(address, { redirect: 'manual', signal: AbortSignal.timeout(LIMIT_MS), headers: { connection: 'close' } });
    await response.body?.cancel();
    if (response.ok) return { kind: 'well', text: `${address} answers from here` };
    return { kind: 'trouble', text: `${address} answered ${response.status}; ${STILL_WORKS}` };
  } catch {
    return { kind: 'trouble', text: `${address} does not answer from here; ${STILL_WORKS}` };
  }
}

const STILL_WORKS = 'webhooks may not arrive; images are still bought, uploaded and polled for, only later';
