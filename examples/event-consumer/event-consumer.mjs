// Saves the picture of each generation that succeeds, and loses none however often it is killed. Start any number of them, in the
// environment that `npm start` prints; each is given a part of the events:
//   node examples/event-consumer/event-consumer.mjs pictures
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createEvents, createProducer, hasCode } from '@darkroom/producer';
import { createImages } from '@darkroom/producer/images';

const [folder = 'pictures'] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const redisUrl = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';
const producer = createProducer({ redisUrl });
const images = createImages({ bucket: 'darkroom', endpoint: process.env['S3_ENDPOINT'] });
// Another consumer takes over after 5 seconds what this one had taken when it died.
const events = createEvents({ redisUrl, group: 'pictures', from: 'oldest', takeOverMs: 5000 });
process.once('SIGTERM', () => void events.close());

/** Codes of a picture that no later look finds. */
const GONE = ['generation.erased', 'generation.not-found', 'image.not-there', 'image.withheld'];

async function handle(eventId, generationId) {
  const file = join(folder, `${eventId}.jpg`);
  // An event comes again if its consumer died before it acknowledged it. With a database: insert the id together with the effect.
  if (existsSync(file)) return console.log(`dropped ${eventId}`);
  try {
    await images.image(await producer.get(generationId), 0).save(file); // appears whole or not at all
    console.log(`saved ${eventId}`);
  } catch (error) {
    // Any other error ends the process, and the event comes again.
    if (!GONE.some((code) => hasCode(error, code))) throw error;
    console.log(`gone ${eventId}`);
  }
}

console.log('ready');
for await (const event of events) {
  // The loop asks for the next event: this one is acknowledged.
  if (event.event === 'generation.succeeded') await handle(event.eventId, event.generationId);
  if (event.event !== 'events.gap') continue;
  // The group was not read for a week, and Redis has dropped events: the list has the generations.
  for (let cursor; ;) {
    const page = await producer.list({ status: 'succeeded', finishedBefore: event.until + 1, ...(cursor && { cursor }) });
    for (const { generationId } of page.generations) await handle(`${generationId}-succeeded`, generationId);
    if ((cursor = page.nextCursor) === undefined) break;
  }
}
images.close();
await producer.close();
