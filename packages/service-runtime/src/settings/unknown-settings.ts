import type { Problem } from '@darkroom/contracts';
import { variableNames } from './describe-settings.ts';
import { darkroomSettings } from './darkroom.ts';
import { listenSettings } from './listen.ts';
import { logSettings } from './log.ts';
import type { Environment } from './environment.ts';
import { reconcileSettings } from './reconcile.ts';
import { redisSettings } from './redis.ts';
import { runwareSettings } from './runware.ts';
import { createNearNames } from './near-names.ts';
import { s3Settings } from './s3.ts';
import { spendSettings } from './spend.ts';
import { readSpendName } from './spend-names.ts';
import { timingSettings } from './timing.ts';
import { webhookSettings } from './webhook.ts';

/** Variables that one app alone reads. Processes share an environment, so each knows the variables of all. */
const namesOfApps = [
  'WORKER_SUBMIT_CONCURRENCY',
  'WORKER_SETTLE_CONCURRENCY',
  'WORKER_POLLS_PER_SECOND',
  'RUNWARE_UPLOADS',
  'RUNWARE_IMAGE_HOSTS',
  'DASHBOARD_USER',
  'DASHBOARD_PASSWORD',
  'DASHBOARD_PATH',
];

/** Every variable that a process of Darkroom reads. */
export const knownSettings: readonly string[] = [
  ...new Set([
    ...variableNames([
      redisSettings,
      darkroomSettings,
      s3Settings,
      runwareSettings,
      webhookSettings,
      spendSettings,
      timingSettings,
      logSettings,
      listenSettings(0),
      reconcileSettings,
    ]),
    ...namesOfApps,
  ]),
];

/** Names that nothing but Darkroom has. One of them that is unknown is a mistake, and it may be one about money. */
const ours = /^(DARKROOM|TIMING|WORKER)_|_CAP_USD$/i;
/** Names that other programs have as well. */
const maybeOurs = /^(REDIS|S3|RUNWARE|WEBHOOK|DASHBOARD|LOG)_/;
/** Read by tests, from processes that they start. */
const ofTests = /^DARKROOM_TEST_/;
/** Families of other programs, which keep their names whatever these look like. */
const ofOthers = /^(AWS|AZURE|CI|DOCKER|GITHUB|GOOGLE|K8S|KUBERNETES|NODE|OTEL|PNPM)_|^npm_/;
/** What Kubernetes and Docker tell each container of other services ("service environment variables" in the docs of Kubernetes). */
const serviceLink = /_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$|_ENV_\w+$/;
const serviceAddress = /^(tcp|udp|sctp):\/\//;
/** The name of a linked container, as Docker tells it: /this/redis. */
const containerName = /^\/[\w.-]+\/[\w.-]+$/;

const findNear = createNearNames(knownSettings, ours);

/** A variable that looks like a setting of Darkroom and is none. Its value is never repeated. */
export interface UnreadSetting {
  readonly name: string;
  /** The variables that were most likely meant, the likeliest first. */
  readonly meant: readonly string[];
  /** True when no other program has such a name, or when it is a slip of the pen in one of ours: the process does not start. */
  readonly isOurs: boolean;
}

/** Finds the variables of an environment that look like settings of Darkroom and are none. Those without a value do not count. */
export function findUnreadSettings(env: Environment): UnreadSetting[] {
  return Object.entries(env).flatMap(([name, value = '']) => {
    if (value.trim() === '' || knownSettings.includes(name) || isOfOthers(name, value.trim())) return [];
    const spend = readSpendName(name);
    if (spend !== undefined)
      return [{ name, meant: spend.meant === undefined ? [] : [spend.meant], isOurs: spend.isSure || ours.test(name) }];
    const near = findNear(name);
    if (near === undefined && !ours.test(name) && !maybeOurs.test(name)) return [];
    return [{ name, meant: near?.meant ?? [], isOurs: ours.test(name) || near?.isOurs === true }];
  });
}

const isOfOthers = (name: string, value: string): boolean =>
  ofTests.test(name) ||
  ofOthers.test(name) ||
  serviceLink.test(name) ||
  (name.endsWith('_PORT') && serviceAddress.test(value)) ||
  (name.endsWith('_NAME') && containerName.test(value));

/** Lists what keeps a process from starting: unread settings that are surely meant for Darkroom. */
export const unreadSettingProblems = (env: Environment): Problem[] =>
  findUnreadSettings(env)
    .filter(({ isOurs }) => isOurs)
    .map((unread) => ({ path: unread.name.slice(0, 64), message: describeUnread(unread) }));

/** Says of an unread setting what was most likely meant, after its name. */
export function describeUnread({ name, meant }: UnreadSetting): string {
  if (meant.length > 0) return `is not a setting (did you mean ${meant.join(' or ')}?)`;
  const family = /^[A-Z0-9]+_/.exec(name)?.[0] ?? '';
  const isCap = name.endsWith('_CAP_USD') || readSpendName(name) !== undefined;
  const siblings = knownSettings.filter((known) => (isCap ? known.endsWith('_CAP_USD') : family !== '' && known.startsWith(family)));
  return siblings.length === 0 ? 'is not a setting' : `is not a setting; there are ${siblings.join(', ')}`;
}
