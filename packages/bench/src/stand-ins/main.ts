import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createMemoryBucket, readAll } from './bucket.ts';
import { drawNoise } from './noise-image.ts';
import { createQuickProvider } from './provider.ts';
import { commandSchema, type StandInCounts } from './messages.ts';

// Provider and bucket of the bench in one process of its own, whose load is not measured. It talks to its parent by messages, and ends with it.

const image = await drawNoise();
const bucket = createMemoryBucket();
const provider = createQuickProvider(image, bucket.upload);

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url !== '/v1') return bucket.answer(request, response);
  const body: unknown = JSON.parse((await readAll(request)).toString());
  const answered = provider.answer(body, request.headers['x-runware-dry-run'] === '1');
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answered));
}

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  answer(request, response).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    response.writeHead(500).end();
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the stand-ins have no port');
  process.send?.({ ready: { url: `http://127.0.0.1:${address.port}`, imageBytes: image.length } });
});
process.on('message', (message) => {
  const { delayMs, holdsWebhooks, deliver, clone, countsWanted, webhookTimesWanted } = commandSchema.parse(message);
  if (delayMs !== undefined) provider.setDelay(delayMs);
  if (holdsWebhooks !== undefined) provider.holdWebhooks(holdsWebhooks);
  if (deliver !== undefined) void provider.deliver(deliver).then((delivered) => process.send?.({ delivered }));
  if (clone !== undefined) {
    for (const each of clone.clones) bucket.clone(clone.image, each);
    process.send?.({ cloned: true });
  }
  const counts: StandInCounts = { s3: Object.fromEntries(bucket.counts), provider: provider.counts, heldWebhooks: provider.countHeld() };
  if (countsWanted === true) process.send?.({ counts });
  if (webhookTimesWanted === true) {
    process.send?.({ webhookTimes: Object.fromEntries(provider.webhookTimes) });
    provider.webhookTimes.clear();
  }
});
process.once('disconnect', () => process.exit());
process.once('SIGTERM', () => process.exit());
