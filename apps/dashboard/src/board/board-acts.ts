import { defined } from '@darkroom/contracts';
import type { GenerationStore } from '@darkroom/generation-store';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GENERATIONS } from './generations-adapter.ts';

type Params = Readonly<Record<string, string>>;

const MAX_NAME = 100;
const shortened = (name: string): string => name.slice(0, MAX_NAME);

/** Names what an operator does on the board, as the log of acts has it. @param route The pattern of an allowed route. */
function boardActOf(route: string, { queueName, jobId, queueStatus }: Params): { act: string; on: string } {
  const verb = route.split('/').findLast((part) => part !== '' && !part.startsWith(':')) ?? '';
  if (queueName === undefined) return { act: `${verb} queues`, on: 'all queues' };
  const queue = shortened(queueName);
  if (jobId === undefined)
    return verb === 'pause' || verb === 'resume'
      ? { act: `${verb} queue`, on: queue }
      : { act: `${verb} jobs`, on: `all ${queueStatus ?? 'delayed'} of ${queue}` };
  if (queue === GENERATIONS) return { act: verb === 'clean' ? 'cancel' : verb, on: shortened(jobId) };
  return { act: `${verb} job`, on: `${shortened(jobId)} of ${queue}` };
}

/**
 * Builds the hook that notes an act of the board before it is done. The board has no field for a reason, so the log says that it came from
 * there. An act that cannot be noted is not done.
 */
export const noteBoardActs =
  (store: Pick<GenerationStore, 'noteAct'>, routeOf: (request: FastifyRequest) => string | undefined) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const route = routeOf(request);
    if (route === undefined || request.method === 'GET' || request.method === 'HEAD') return undefined;
    // Fastify types params as unknown; for a pattern they are strings by name.
    const act = boardActOf(route, request.params as Params);
    try {
      await store.noteAct({ ...act, reason: 'by Bull Board', ...defined({ who: request.visitor?.user }) });
      return undefined;
    } catch {
      const message = 'Redis cannot be used now: the act could not be noted, and was not done';
      return reply.code(503).send({ error: { key: 'ERRORS.INTERNAL_SERVER_ERROR' }, message });
    }
  };
