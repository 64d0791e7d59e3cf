import { contentTypeOf, extensionOf } from '@darkroom/contracts';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { loadUpload } from '../deliveries/upload-bytes.ts';
import type { ImageAnswer } from '../faults/schema.ts';
import type { Gallery } from '../images/gallery.ts';
import type { Task } from '../state/task.ts';
import type { Answer } from '../tasks/answer.ts';
import { drawImageAnswer, parseImageFile } from '../tasks/image-address.ts';
import { isObject } from '../validation/check-image-inference.ts';
import { namesOf } from '../validation/runware-error.ts';
import { answerRequest, type RequestDependencies } from '../tasks/answer-request.ts';
import { sendBroken } from './broken-body.ts';
import { describeWall, wallAnswerOf } from './wall.ts';

/** Adds Runware's routes: the endpoint of the API, and the address of each image. */
export function addRunwareRoutes(server: FastifyInstance, dependencies: RequestDependencies): void {
  const { store, gallery, clock, stats } = dependencies;

  server.post('/v1', async (request, reply) => {
    const { authorization } = request.headers;
    const faults = dependencies.switches.current();
    const isDryRun = request.headers['x-runware-dry-run'] === '1' && !faults.dryRunIsCharged;
    const asked = { body: request.body, authorization, isDryRun };
    const wall = wallAnswerOf(request.body, faults);
    if (wall === undefined) return sendAnswer(reply, await answerRequest(asked, dependencies));
    if (faults.wallPassesOn) await answerRequest(asked, dependencies);
    if (wall === 'reset') return sendAnswer(reply, { httpStatus: 200, items: [], errors: [], instead: 'reset' });
    const { httpStatus, contentType, body, location } = describeWall(wall, taskUuidOf(request.body));
    if (location !== undefined) void reply.header('location', location);
    return reply.code(httpStatus).type(contentType).send(body);
  });

  server.get<{ Params: { file: string } }>('/image/:file', async (request, reply) => {
    const { imageUUID, isMoved, extension } = parseImageFile(request.params.file);
    const { task, index = 0 } = store.findByImage(imageUUID) ?? {};
    const outcome = task?.ending?.outcome;
    const image = outcome?.status === 'success' ? outcome.images[index] : undefined;
    if (task?.ending === undefined || image === undefined) return reply.code(404).send();
    const { ttl, outputFormat } = task.request;
    const isExpired = ttl !== undefined && clock.now() >= task.ending.at + ttl * 1000;
    if (isExpired || extension !== extensionOf(outputFormat)) return reply.code(404).send();
    const answer = drawImageAnswer(task, index, isMoved, dependencies);
    if (answer === 'image') stats.imagesServed += 1;
    return sendImage(reply, answer, task, image.seed, gallery);
  });
}

/** Statuses of answers without a body. */
const statuses = { '400': 400, '401': 401, '403': 403, '404': 404, '410': 410 } as const;

async function sendImage(
  reply: FastifyReply,
  answer: 'image' | ImageAnswer,
  task: Task,
  seed: number,
  gallery: Gallery,
): Promise<FastifyReply> {
  switch (answer) {
    case 'image':
    case 'empty':
    case 'other-size':
      return reply.type(contentTypeOf(task.request.outputFormat)).send(await loadUpload(answer, task, seed, gallery));
    case 'truncated':
    case 'cut':
    case 'cut-chunked':
    case 'endless':
      void reply.type(contentTypeOf(task.request.outputFormat));
      return sendBroken(reply, answer, await loadUpload('image', task, seed, gallery));
    case 'html':
      return reply.type('text/html').send(HTML);
    case 'redirect':
      return reply.redirect('/', 302);
    case 'reset':
      return reset(reply);
    default:
      return reply.code(statuses[answer]).send();
  }
}

function taskUuidOf(body: unknown): string {
  const first: unknown = Array.isArray(body) ? body[0] : undefined;
  return isObject(first) ? (namesOf(first).taskUUID ?? '') : '';
}

const HTML = '<!doctype html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1>';

async function sendAnswer(reply: FastifyReply, answer: Answer): Promise<FastifyReply> {
  if (answer.instead === 'reset') return reset(reply);
  if (answer.instead === 'html') return reply.type('text/html').send(HTML);
  if (answer.retryAfterSeconds !== undefined) void reply.header('retry-after', answer.retryAfterSeconds);
  const { items, errors, instead } = answer;
  const envelope = { data: items, ...(errors.length > 0 && { errors }) };
  void reply.code(answer.httpStatus);
  if (instead === undefined) return reply.send(envelope);
  return sendBroken(reply.type('application/json'), instead, Buffer.from(JSON.stringify(envelope)));
}

function reset(reply: FastifyReply): FastifyReply {
  void reply.hijack();
  reply.raw.socket?.resetAndDestroy();
  return reply;
}
