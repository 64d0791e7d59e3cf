import { appendFileSync } from 'node:fs';
import { createEvents } from '@darkroom/producer';

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
for await (const event of events) appendFileSync(given('EVENTS_FILE'), `${event.event === 'events.gap' ? event.event : event.eventId}\n`);
