// A page that shows an image as it is made: Express, and server-sent events from `watch`. While `npm start` runs, in the environment
// that it prints:
//   node examples/express/express.mjs
//   open http://localhost:3000/?prompt=a+lighthouse
import { createProducer, InvalidRequestError } from '@darkroom/producer';
import { createImages } from '@darkroom/producer/images';
import express from 'express';

const producer = createProducer({ redisUrl: process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379' });
const images = createImages({ bucket: 'darkroom', endpoint: process.env['S3_ENDPOINT'] });
const app = express();

app.get('/', async ({ query }, response) => {
  const { generationId } = await producer.enqueue({ positivePrompt: query.prompt ?? 'a lighthouse at dusk' });
  response.send(`<p id="status">queued</p><img id="image"><script>
    const events = new EventSource('/images/${generationId}/events');
    events.onmessage = ({ data }) => {
      const { status, url } = JSON.parse(data);
      document.querySelector('#status').textContent = status;
      if (url) document.querySelector('#image').src = url;
    };
    events.addEventListener('end', () => events.close());
  </script>`);
});

app.get('/images/:id/events', async ({ params }, response) => {
  await producer.get(params.id); // an unknown id is a 404, and not a stream
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  try {
    // It yields the generation as it is now, so a browser that connects again has missed nothing.
    for await (const generation of producer.watch(params.id, { signal: gone.signal })) {
      const isMade = generation.images[0]?.status === 'succeeded';
      const url = isMade ? await images.image(generation, 0).url({ ttlSeconds: 600 }) : undefined;
      response.write(`data: ${JSON.stringify({ status: generation.status, url })}\n\n`);
    }
    response.end('event: end\ndata: {}\n\n');
  } catch {
    response.end(); // the browser left, or connects again by itself
  }
});

app.use((error, _request, response, _next) => {
  const status = error instanceof InvalidRequestError ? 400 : error.code === 'generation.not-found' ? 404 : 503;
  response.status(status).json({ code: error.code, message: error.message });
});

const server = app.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1', () => {
  console.log(`listening at http://127.0.0.1:${server.address().port}`);
});
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  images.close();
  void producer.close();
});
