// Takes notifications of Darkroom: verifies each, and handles it once.
import { createServer } from 'node:http';
import { verifyWebhook } from '@darkroom/producer/webhooks';

// The answer of `create`, or `secret(endpointId)`. Several, with a blank between two, while a secret is rotated.
const secrets = (process.env.WEBHOOK_SECRETS ?? '').split(' ');
// A table with a unique column, so that a repetition is noticed after a restart, too.
const handled = new Set();

async function receive(request, response) {
  const parts = [];
  for await (const part of request) parts.push(part);
  let notification;
  try {
    // The body as it came: a parser in between would change it.
    notification = verifyWebhook(Buffer.concat(parts), request.headers, secrets);
  } catch (error) {
    return response.writeHead(400).end(error.message);
  }
  const { eventId, generationId, status } = notification.data;
  if (!handled.has(eventId)) {
    console.log(`${generationId} ${status}`);
    handled.add(eventId);
  }
  // Only now: what is not answered with 2xx comes again.
  response.writeHead(204).end();
}

const server = createServer((request, response) => void receive(request, response));
server.listen(Number(process.env.PORT ?? 3100), '127.0.0.1', () => console.log(`listening at http://127.0.0.1:${server.address().port}`));
process.once('SIGTERM', () => server.close());
