import type { Problem } from '@darkroom/contracts';
import { variableNames } from './describe-settings.ts';
import { darkroomSettings, listenSettings, logSettings, reconcileSettings, redisSettings, runwareSettings } from './groups.ts';
import type { Environment } from './environment.ts';
import { createNearNames } from './near-names.ts';
import { s3Settings } from './s3.ts';
import { spendSettings } from './spend.ts';
import { readSpendName } from './spend-names.ts';
import { timingSettings } from './timing.ts';
import { tracingSettings } from './tracing.ts';
import { webhookSettings } from './webhook.ts';

/** Variables that only one app reads. Processes share an environment, so each knows the variables of all. */
const namesOfApps = [
  'DARKROOM_URL',
  'DARKROOM_KEY',
  'WORKER_SUBMIT_CONCURRENCY',
  'WORKER_SETTLE_CONCURRENCY',
  'WORKER_POLLS_PER_SECOND',
  'WORKER_S3_REQUESTS',
  'RUNWARE_UPLOADS',
  'RUNWARE_IMAGE_HOSTS',
  'METRICS_TENANTS',
  'ERASER_EVERY_MS',
  'RETAIN_REQUESTS_DAYS',
  'RETAIN_IMAGES_DAYS',
  'API_REQUESTS_PER_MINUTE',
  'API_MAX_STREAMS',
  'API_MAX_STREAMS_PER_TENANT',
  'NOTIFICATION_KEYS',
  'NOTIFIER_ALLOW_LOOPBACK',
  'NOTIFIER_CONCURRENCY',
  'NOTIFIER_DELAYS_MS',
  'NOTIFIER_DISABLE_AFTER_MS',
  'NOTIFIER_TIMEOUT_MS',
  'DASHBOARD_USER',
  'DASHBOARD_PASSWORD',
  'DASHBOARD_LOOK_USER',
  'DASHBOARD_LOOK_PASSWORD',
  'DASHBOARD_PATH',
  'DASHBOARD_PROMPTS',
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
      tracingSettings,
      logSettings,
      listenSettings(0),
      reconcileSettings,
    ]),
    ...namesOfApps,
  ]),
];

/** Names that only Darkroom has. An unknown one is a mistake, perhaps about money. */
const ours = /^(DARKROOM|NOTIFICATION|NOTIFIER|TIMING|WORKER)_|_CAP_USD$/i;
/** Names that other programs have as well. */
const maybeOurs = /^(REDIS|S3|RUNWARE|WEBHOOK|DASHBOARD|LOG)_/;
/** Variables that tests pass to processes that they start. */
const ofTests = /^DARKROOM_TEST_/;
/** Families of other programs, never taken for ours. */
const ofOthers = /^(AWS|AZURE|CI|DOCKER|GITHUB|GOOGLE|K8S|KUBERNETES|NODE|OTEL|PNPM)_|^npm_/;
/**
 * Variables that Kubernetes and Docker set in each container for other services ("service environment variables" in the docs of
 * Kubernetes).
 */
const serviceLink = /_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$|_ENV_\w+$/;
const serviceAddress = /^(tcp|udp|sctp):\/\//;
/** Name of a linked container in the form of Docker: /this/redis. */
const containerName = /^\/[\w.-]+\/[\w.-]+$/;

const known: ReadonlySet<string> = new Set(knownSettings);
const findNear = createNearNames(knownSettings, ours);

/** A variable that looks like a setting of Darkroom but is not. Its value is never repeated. */
export interface UnreadSetting {
  readonly name: string;
  /** Variables most likely meant, the likeliest first. */
  readonly meant: readonly string[];
  /** True if no other program has such a name, or if it is a misspelling of one of ours: the process does not start. */
  readonly isOurs: boolean;
}

/** A guess takes some hundredths of a millisecond; an environment of a program has a hundred names. */
const MAX_GUESSED = 1000;
/** Most names that are listed; the others are counted. */
export const MAX_TOLD_SETTINGS = 50;

/** Finds the variables of an environment that look like settings of Darkroom but are not. Ignores those without a value. */
export function findUnreadSettings(env: Environment): UnreadSetting[] {
  let guessed = 0;
  return Object.entries(env).flatMap(([name, value = '']) => {
    if (value.trim() === '' || known.has(name) || isOfOthers(name, value.trim())) return [];
    const spend = readSpendName(name);
    if (spend !== undefined)
      return [{ name, meant: spend.meant === undefined ? [] : [spend.meant], isOurs: spend.isSure || ours.test(name) }];
    guessed += 1;
    const near = guessed > MAX_GUESSED ? undefined : findNear(name);
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

/** Lists the unread settings that are certainly meant for Darkroom, which keep a process from starting. */
export function unreadSettingProblems(env: Environment): Problem[] {
  const unread = findUnreadSettings(env).filter(({ isOurs }) => isOurs);
  const told = unread.slice(0, MAX_TOLD_SETTINGS).map((each) => ({ path: each.name.slice(0, 64), message: describeUnread(each) }));
  const more = unread.length - told.length;
  return more === 0 ? told : [...told, { path: '', message: `${more} more names are not settings` }];
}

/** Describes an unread setting with the name most likely meant, to follow its name. */
export function describeUnread({ name, meant }: UnreadSetting): string {
  if (meant.length > 0) return `is not a setting (did you mean ${meant.join(' or ')}?)`;
  const family = /^[A-Z0-9]+_/.exec(name)?.[0] ?? '';
  const isCap = name.endsWith('_CAP_USD') || readSpendName(name) !== undefined;
  const siblings = knownSettings.filter((each) => (isCap ? each.endsWith('_CAP_USD') : family !== '' && each.startsWith(family)));
  return siblings.length === 0 ? 'is not a setting' : `is not a setting; there are ${siblings.join(', ')}`;
}
