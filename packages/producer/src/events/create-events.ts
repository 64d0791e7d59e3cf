import { randomUUID } from 'node:crypto';
import {
  ConfigError,
  describeGiven,
  encodeTenant,
  findPrefixProblem,
  isTenant,
  ProblemList,
  readOptions,
  readRedisAddress,
  TENANT_RULE,
} from '@darkroom/contracts';
import { buildEventGroup, connectPatient, createIdleLook, DEFAULT_PREFIX, type LoggedEvent } from '@darkroom/generation-store';
import { setTimeout as delay } from 'node:timers/promises';
import { eventOf } from './event-of.ts';
import type { DarkroomEvent, Events, EventsGap, EventsOptions } from './events.ts';

/** A read that finds nothing ends after this time, and looks for events of dead consumers. */
const BLOCK_MS = 2000;
const MOST_DELIVERIES = 10;
const DEFAULT_TAKE_OVER_MS = 60_000;
const LEAST_TAKE_OVER_MS = 1000;
/** Rest after an error of Redis other than an outage, which the connection waits for. */
const TROUBLE_MS = 1000;

/**
 * Makes a consumer of the durable events. It outlasts outages of Redis, and continues at the oldest event after Redis lost its memory.
 * @throws ConfigError with all problems of the options at once. The loop throws if Redis refuses the reads of this user, and
 * NewerFormatError if a later version has written the store.
 */
export function createEvents(given: EventsOptions): Events {
  const options = readEventsOptions(given);
  const {
    redisUrl,
    prefix = DEFAULT_PREFIX,
    group,
    consumer = randomUUID(),
    from = 'next',
    tenant,
    takeOverMs = DEFAULT_TAKE_OVER_MS,
  } = options;
  const redis = connectPatient(redisUrl, prefix);
  const lookWhileIdle = createIdleLook(redis, prefix);
  const stopping = new AbortController();
  // Groups of tenants are independent: each acknowledges the events of other tenants. "@" is in no name of a group and in no encoded tenant.
  const events = buildEventGroup(redis, prefix, tenant === undefined ? group : `${group}@${encodeTenant(tenant)}`, consumer);
  const groupInWords = `the group "${group}"${tenant === undefined ? '' : ` of tenant "${tenant}"`}`;
  const isClosed = (): boolean => stopping.signal.aborted;
  let isChecked = false;
  redis.on('close', () => (isChecked = false));

  async function* read(): AsyncGenerator<DarkroomEvent | EventsGap, void, undefined> {
    let isMade = false;
    let own: string | undefined = '0';
    while (!isClosed()) {
      try {
        if (!isChecked) {
          await events.checkFormat();
          isChecked = true;
        }
        if (!isMade) {
          await events.create(from === 'next' ? '$' : '0');
          isMade = true;
          await events.forgetConsumers();
        }
        const gap = await events.findGap();
        if (gap !== undefined) {
          yield { event: 'events.gap', until: Number(gap.split('-')[0]) };
          await events.passGap(gap);
        }
        const left: LoggedEvent | undefined = own === undefined ? undefined : await events.readOwn(own);
        own = left?.place;
        const next = left ?? (await events.takeOver(takeOverMs)) ?? (await events.readNext(BLOCK_MS));
        if (next === undefined) await lookWhileIdle();
        else yield* handOut(next);
      } catch (error) {
        if (isClosed()) return;
        if (!(error instanceof Error)) throw error;
        // Redis lost its memory, and with it the group: nothing tells what was read.
        if (error.message.startsWith('NOGROUP')) await events.create('0');
        else if (/^(LOADING|READONLY|BUSY|TRYAGAIN|CLUSTERDOWN|MASTERDOWN)/.test(error.message)) await delay(TROUBLE_MS);
        else throw error;
      }
    }
  }

  async function* handOut(logged: LoggedEvent): AsyncGenerator<DarkroomEvent, void, undefined> {
    if (logged.isUnreadable) {
      process.emitWarning(`the event at ${logged.place} cannot be read, and was put aside for ${groupInWords}`, 'DarkroomWarning');
      return events.giveUp(logged);
    }
    const deliveries = await events.deliveries(logged.place);
    const event = eventOf(logged, deliveries);
    if (event === undefined || (tenant !== undefined && logged.tenant !== tenant)) return events.acknowledge(logged.place);
    if (deliveries > MOST_DELIVERIES) {
      process.emitWarning(`event ${event.eventId} was put aside after ${MOST_DELIVERIES} deliveries to ${groupInWords}`, 'DarkroomWarning');
      return events.giveUp(logged);
    }
    const keeping = setInterval(() => void events.prolong(logged.place).catch(() => undefined), takeOverMs / 3);
    try {
      yield event;
    } finally {
      clearInterval(keeping);
    }
    await events.acknowledge(logged.place);
  }

  return {
    [Symbol.asyncIterator]: read,
    close: async () => {
      if (isClosed()) return;
      stopping.abort();
      redis.disconnect();
    },
  };
}

const names = [
  'redisUrl',
  'prefix',
  'group',
  'consumer',
  'from',
  'tenant',
  'takeOverMs',
] as const satisfies readonly (keyof EventsOptions)[];

function readEventsOptions(given: EventsOptions): EventsOptions {
  const problems = new ProblemList();
  const options = readOptions(given, { path: '', known: names, otherNames: { url: 'redisUrl', connection: 'redisUrl' } }, problems);
  if (options === undefined) throw new ConfigError(problems);
  const { redisUrl, prefix, group, consumer, from, tenant, takeOverMs } = options;
  const address = readRedisAddress(redisUrl);
  if ('problem' in address) problems.push({ path: 'redisUrl', message: address.problem });
  const refuse = (path: string, message: string, value: unknown): void =>
    problems.push({ path, message: `must be ${message}`, given: describeGiven(value) });
  if (prefix !== undefined && (typeof prefix !== 'string' || findPrefixProblem(prefix) !== undefined))
    refuse('prefix', 'the prefix of the workers', prefix);
  const isName = (name: unknown): boolean => typeof name === 'string' && /^[\w.-]{1,64}$/.test(name);
  if (!isName(group)) refuse('group', 'a name of 1 to 64 letters, digits, ".", "_" or "-"', group);
  if (consumer !== undefined && !isName(consumer)) refuse('consumer', 'a name of 1 to 64 letters, digits, ".", "_" or "-"', consumer);
  if (from !== undefined && !['next', 'oldest'].includes(from)) refuse('from', '"next" or "oldest"', from);
  if (tenant !== undefined && !isTenant(tenant)) refuse('tenant', TENANT_RULE, tenant);
  if (takeOverMs !== undefined && !(Number.isSafeInteger(takeOverMs) && takeOverMs >= LEAST_TAKE_OVER_MS))
    refuse('takeOverMs', `a whole number and at least ${LEAST_TAKE_OVER_MS}`, takeOverMs);
  if (problems.count > 0) throw new ConfigError(problems);
  return options;
}
