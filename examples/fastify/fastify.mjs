// An API for images on fastify. While `npm start` runs, in the environment that it prints:
//   node examples/fastify/fastify.mjs
//   curl -i localhost:3000/images -H 'content-type: application/json' -H 'idempotency-key: order-7' -d '{"positivePrompt":"a lighthouse"}'
import { createProducer, DarkroomError, InvalidRequestError } from '@darkroom/producer';
import { createImages } from '@darkroom/producer/images';
import { fastify } from 'fastify';

const producer = createProducer({ redisUrl: process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379' });
const images = createImages({ bucket: 'darkroom', endpoint: process.env['S3_ENDPOINT'] });
const app = fastify({ forceCloseConnections: true });

app.post('/images', async ({ body, headers }, reply) => {
  // The library checks the body by the rules of the model, and names all problems at once.
  const { generationId, created, quote } = await producer.enqueue(body, { idempotencyKey: headers['idempotency-key'] });
  return reply.code(created ? 202 : 200).send({ generationId, atMostUsd: quote.totalUsd });
});

app.get('/images/:id', async ({ params }) => {
  const generation = await producer.get(params.id);
  const made = generation.images.filter(({ status }) => status === 'succeeded');
  const urls = await Promise.all(made.map(({ index }) => images.image(generation, index).url({ ttlSeconds: 600 })));
  return { status: generation.status, costUsd: generation.costUsd, urls };
});

app.delete('/images/:id', async ({ params }) => ({ status: await producer.cancel(params.id) }));

const statuses = {
  'request.invalid': 400,
  'request.id-out-of-time': 400,
  'generation.not-found': 404,
  'request.conflict': 409,
  'request.key-reused': 422,
  'spend.cap-reached': 429,
};
app.setErrorHandler((error, _request, reply) => {
  if (!(error instanceof DarkroomError)) return reply.send(error);
  const { code, message, retryable } = error;
  const problems = error instanceof InvalidRequestError ? error.problems : undefined;
  return reply.code(statuses[code] ?? (retryable ? 503 : 500)).send({ code, message, retryable, problems });
});

console.log(`listening at ${await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT'] ?? 3000) })}`);
process.once('SIGTERM', () => {
  images.close();
  void Promise.all([app.close(), producer.close()]);
});
