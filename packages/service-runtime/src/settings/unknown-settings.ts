import { findMeant, type Problem } from '@darkroom/contracts';
import { variableNames } from './describe-settings.ts';
import { darkroomSettings } from './darkroom.ts';
import { listenSettings } from './listen.ts';
import { logSettings } from './log.ts';
import type { Environment } from './environment.ts';
import { reconcileSettings } from './reconcile.ts';
import { redisSettings } from './redis.ts';
import { runwareSettings } from './runware.ts';
import { s3Settings } from './s3.ts';
import { spendSettings } from './spend.ts';
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
const ours = /^(DARKROOM|TIMING|WORKER)_|_CAP_USD$/;
/** Names that other programs have as well. */
const maybeOurs = /^(REDIS|S3|RUNWARE|WEBHOOK|DASHBOARD|LOG)_/;
/** Read by tests, from processes that they start. */
const ofTests = /^DARKROOM_TEST_/;
/** What Kubernetes and Docker tell each container of other services ("service environment variables" in the docs of Kubernetes). */
const serviceLink = /_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/;
const serviceAddress = /^(tcp|udp|sctp):\/\//;

/** A variable that looks like a setting of Darkroom and is none. Its value is never repeated. */
export interface UnreadSetting {
  readonly name: string;
  /** The variable that was most likely meant. */
  readonly meant?: string;
  /** True when no other program has such a name, or when it is a slip of the pen in one of ours: the process does not start. */
  readonly isOurs: boolean;
}

/** Finds the variables of an environment that look like settings of Darkroom and are none. Those without a value do not count. */
export function findUnreadSettings(env: Environment): UnreadSetting[] {
  return Object.entries(env).flatMap(([name, value = '']) => {
    if (value.trim() === '' || knownSettings.includes(name) || ofTests.test(name)) return [];
    if (serviceLink.test(name) || (name.endsWith('_PORT') && serviceAddress.test(value))) return [];
    const meant = findNear(name);
    const isOurs = ours.test(name) || (meant !== undefined && ours.test(meant));
    if (!isOurs && meant === undefined && !maybeOurs.test(name)) return [];
    return [{ name, ...(meant === undefined ? {} : { meant }), isOurs }];
  });
}

/** Lists what keeps a process from starting: unread settings that are surely meant for Darkroom. */
export const unreadSettingProblems = (env: Environment): Problem[] =>
  findUnreadSettings(env)
    .filter(({ isOurs }) => isOurs)
    .map((unread) => ({ path: unread.name.slice(0, 64), message: describeUnread(unread) }));

/** Says of an unread setting what was most likely meant, after its name. */
export function describeUnread({ name, meant }: UnreadSetting): string {
  if (meant !== undefined) return `is not a setting (did you mean ${meant}?)`;
  const family = /^[A-Z0-9]+_/.exec(name)?.[0] ?? '';
  const siblings = knownSettings.filter((known) => (name.endsWith('_CAP_USD') ? known.endsWith('_CAP_USD') : known.startsWith(family)));
  return siblings.length === 0 ? 'is not a setting' : `is not a setting; there are ${siblings.join(', ')}`;
}

/** Of short names every word is a near miss: HOST and POST. */
const MIN_LENGTH = 7;
/** A name with more slips than this may be the name of something else: REDIS_HOST is not REDIS_URL. */
const MAX_SLIP_SHARE = 6;

function findNear(name: string): string | undefined {
  if (name.length < MIN_LENGTH) return undefined;
  const isCut = (known: string): boolean => name.includes('_') && known.startsWith(`${name.toUpperCase()}_`);
  const meant = knownSettings.find(isCut) ?? findMeant(name, knownSettings, Math.floor(name.length / MAX_SLIP_SHARE));
  return meant !== undefined && meant.length >= MIN_LENGTH ? meant : undefined;
}
