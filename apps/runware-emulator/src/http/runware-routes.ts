import { contentTypeOf, extensionOf } from '@darkroom/contracts';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { drawsGone } from '../tasks/fate.ts';
import type { Answer } from '../tasks/answer.ts';
import { answerRequest, type RequestParts } from '../tasks/answer-request.ts';

/** Runware's own routes: the one endpoint of the API, and the address of each image. */
export function addRunwareRoutes(server: FastifyInstance, parts: RequestParts): void {
  const { store, gallery, dice, clock, stats } = parts;

  server.post('/v1', async (request, reply) => {
    const { authorization } = request.headers;
    const isDryRun = request.headers['x-runware-dry-run'] === '1';
    return sendAnswer(reply, await answerRequest({ body: request.body, authorization, isDryRun }, parts));
  });

  server.get<{ Params: { file: string } }>('/image/:file', async (request, reply) => {
    const [imageUUID = '', extension] = request.params.file.split('.');
    const { task, index = 0 } = store.findByImage(imageUUID) ?? {};
    const outcome = task?.ending?.outcome;
    const image = outcome?.status === 'success' ? outcome.images[index] : undefined;
    if (task?.ending === undefined || image === undefined) return reply.code(404).send();
    const { ttl, outputFormat } = task.request;
    const isExpired = ttl !== undefined && clock.now() >= task.ending.at + ttl * 1000;
    if (isExpired || extension !== extensionOf(outputFormat) || drawsGone(dice, task, index)) return reply.code(404).send();
    stats.imagesServed += 1;
    return reply.type(contentTypeOf(outputFormat)).send(await gallery.load(task, image.seed));
  });
}

const HTML = '<!doctype html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1>';

async function sendAnswer(reply: FastifyReply, answer: Answer): Promise<FastifyReply> {
  if (answer.instead === 'reset') {
    void reply.hijack();
    reply.raw.socket?.resetAndDestroy();
    return reply;
  }
  if (answer.instead === 'html') return reply.type('text/html').send(HTML);
  if (answer.retryAfterSeconds !== undefined) void reply.header('retry-after', answer.retryAfterSeconds);
  const { items, errors } = answer;
  return reply.code(answer.httpStatus).send({ data: items, ...(errors.length > 0 && { errors }) });
}
