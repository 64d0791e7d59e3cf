import { startProgram, type Program } from '@darkroom/local-stack';
import { builtProgram, EVENT_CONSUMER } from '../built-apps/built-apps.ts';
import { baseEnvironment } from '../fleet/test-place.ts';

export interface EventConsumerOptions {
  redisUrl: string;
  prefix: string;
  group: string;
  consumer: string;
  /** Time after which it takes over the events of a dead consumer. */
  takeOverMs: number;
  /** File to which it appends the id of each event that it handles, a line each. */
  file: string;
  logFile?: string;
  /** File to which it appends each event itself; none when absent. */
  seenFile?: string;
  /** Time that it takes for an event, in milliseconds; none when absent. */
  paceMs?: number;
  /** More environment, such as that of a tap. */
  beside?: Readonly<Record<string, string>>;
}

/** Starts a consumer of the durable events as a process of its own. */
export const startEventConsumer = ({
  redisUrl,
  prefix,
  group,
  consumer,
  takeOverMs,
  file,
  logFile,
  seenFile,
  paceMs = 0,
  beside,
}: EventConsumerOptions): Program =>
  startProgram({
    name: `event consumer ${consumer}`,
    args: [builtProgram(EVENT_CONSUMER)],
    environment: {
      ...baseEnvironment(),
      REDIS_URL: redisUrl,
      DARKROOM_PREFIX: prefix,
      EVENTS_GROUP: group,
      EVENTS_CONSUMER: consumer,
      EVENTS_TAKE_OVER_MS: String(takeOverMs),
      EVENTS_FILE: file,
      EVENTS_PACE_MS: String(paceMs),
      ...(seenFile !== undefined && { EVENTS_SEEN_FILE: seenFile }),
      ...beside,
    },
    ...(logFile !== undefined && { logFile }),
  });
