// Several producers in one process: at the first line of its input each of them enqueues until the cap lets it no more.
// Arguments: the address of Redis, the prefix, how many producers. Writes "ready", and at the end the images it has enqueued.
import { once } from 'node:events';
import { createProducer, hasCode } from '@darkroom/producer';

const [redisUrl = '', prefix = '', count = '1'] = process.argv.slice(2);
const producers = Array.from({ length: Number(count) }, () => createProducer({ redisUrl, prefix }));
// connected, so that the race is one
await Promise.all(producers.map((producer) => producer.get('01a25000-0000-7000-8000-000000000000').catch(() => undefined)));
process.stdout.write('ready\n');
await once(process.stdin, 'data');

/**
 * As many images as fit: when four do not, one may.
 * @param {import('@darkroom/producer').Producer} producer
 */
async function enqueueUntilRefused(producer) {
  let images = 0;
  for (let numberResults = 4; numberResults > 0;) {
    try {
      await producer.enqueue({ positivePrompt: 'a red door', numberResults });
      images += numberResults;
    } catch (error) {
      if (!hasCode(error, 'spend.cap-reached')) throw error;
      numberResults -= 1;
    }
  }
  return images;
}
const images = await Promise.all(producers.map(enqueueUntilRefused));
process.stdout.write(`${images.reduce((sum, each) => sum + each, 0)}\n`);
await Promise.all(producers.map((producer) => producer.close()));
process.exit(0);
