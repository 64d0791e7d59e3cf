// Consumes events of a group until it is killed. Arguments: the address of Redis, the prefix, the group, the name of the consumer, and how
// many events it handles before it stands still. Writes the id of each event that it was given.
import { createEvents } from '@darkroom/producer';

const [redisUrl = '', prefix = '', group = '', consumer = '', handled = '0'] = process.argv.slice(2);
const events = createEvents({ redisUrl, prefix, group, consumer, from: 'oldest', takeOverMs: 1000 });
process.stdout.write('ready\n');
let count = 0;
for await (const event of events) {
  process.stdout.write(`${event.event === 'events.gap' ? 'gap' : event.eventId}\n`);
  count += 1;
  // it keeps the event, and holds its claim, until it is killed
  if (count > Number(handled)) await new Promise(() => setInterval(() => undefined, 1000));
}
