import { appendFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { createEvents } from '@darkroom/producer';
import { noteSeenIn } from '../judge/seen.ts';

// A consumer of the durable events that writes down the id of each event as it handles it. It is a process of its own, so that a test or
// a fault run can kill it at any point.

const given = (name: string): string => process.env[name] ?? '';

const events = createEvents({
  redisUrl: given('REDIS_URL'),
  prefix: given('DARKROOM_PREFIX'),
  group: given('EVENTS_GROUP'),
  consumer: given('EVENTS_CONSUMER'),
  from: 'oldest',
  takeOverMs: Number(given('EVENTS_TAKE_OVER_MS')),
});
process.once('SIGTERM', () => void events.close());
const seen = given('EVENTS_SEEN_FILE') === '' ? undefined : noteSeenIn(given('EVENTS_SEEN_FILE'));
for await (const event of events) {
  seen?.('event', event);
  appendFileSync(given('EVENTS_FILE'), `${event.event === 'events.gap' ? event.event : event.eventId}\n`);
  await delay(Number(given('EVENTS_PACE_MS')));
}
