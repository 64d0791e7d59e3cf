import { defined, InvalidRequestError, ProblemList, readOptions } from '@darkroom/contracts';
import type { ErasedMany, EraseOptions, Producer } from '@darkroom/producer';
import type { Answer } from '../answers/answer.ts';
import { erasureJson, erasurePath } from '../answers/generation-json.ts';
import type { Query } from '../requests/read-query.ts';
import type { Route } from './route.ts';

const description =
  'Erases the request with its prompt, the images and the labels, in Redis and in S3. Status, cost and the name of the tenant stay. Ask for the erasure until its status is `erased`.';
const query: Query = {
  cancel: { kind: 'flag', description: 'Cancels an open generation and erases it. Without it an open one is refused.' },
  retries: { kind: 'flag', description: 'Erases the generations that bought its images again too.' },
};
const answers = {
  202: { description: 'The eraser does it within seconds.', schema: 'Erasure' as const, headers: { Location: 'Path of the erasure.' } },
};

async function erase(producer: Producer, which: string | ErasedMany, options: EraseOptions): Promise<Answer> {
  const erasure = typeof which === 'string' ? await producer.erase(which, options) : await producer.erase(which, options);
  return { status: 202, headers: { location: erasurePath(erasure) }, body: erasureJson(erasure) };
}

/** What the body of a request to erase may hold. The tenant follows from the key. */
interface ErasureOrder extends EraseOptions {
  generationId?: string;
  tag?: string;
  all?: true;
}

/** Reads what a body wants to erase. @throws InvalidRequestError with all problems at once. */
function readErasure(body: unknown, tenant: string): { which: string | ErasedMany; options: EraseOptions } {
  const problems = new ProblemList();
  // A value of any kind: what is no object is a problem.
  const known = ['generationId', 'tag', 'all', 'cancel', 'retries'] as const;
  const given = readOptions(body as ErasureOrder, { path: '', known }, problems);
  if (given === undefined) throw new InvalidRequestError(problems);
  const { generationId, tag, all, ...options } = given;
  if ([generationId, tag, all].filter((each) => each !== undefined).length !== 1)
    problems.push({
      path: 'generationId',
      message: 'must be the id of a generation, or `tag` or `"all": true` stand in its place: one of the three',
    });
  if (generationId !== undefined && typeof generationId !== 'string')
    problems.push({ path: 'generationId', message: 'must be the id of a generation' });
  if (tag !== undefined && typeof tag !== 'string') problems.push({ path: 'tag', message: 'must be a tag' });
  if (all !== undefined && all !== true) problems.push({ path: 'all', message: 'must be true' });
  if (problems.count > 0) throw new InvalidRequestError(problems);
  return { which: generationId ?? defined({ tenant, tag }), options };
}

export const erasureRoutes: readonly Route[] = [
  {
    method: 'DELETE',
    path: '/v1/generations/{id}',
    operationId: 'deleteGeneration',
    tag: 'Erasure',
    summary: 'Erases a generation.',
    description,
    scope: 'erase',
    query,
    answers,
    errors: ['generation.not-found', 'generation.open'],
    run: ({ producer, params, query: options }) => erase(producer, params['id'] ?? '', options),
  },
  {
    method: 'POST',
    path: '/v1/erasures',
    operationId: 'createErasure',
    tag: 'Erasure',
    summary: 'Erases a generation, all with a tag, or all of the tenant.',
    description,
    scope: 'erase',
    body: { kind: 'json', schema: 'ErasureRequest', isRequired: true },
    answers,
    errors: ['generation.not-found', 'generation.open'],
    async run({ producer, body, tenant }) {
      const { which, options } = readErasure(body, tenant);
      return erase(producer, which, options);
    },
  },
  {
    method: 'GET',
    path: '/v1/erasures/{id}',
    operationId: 'getErasure',
    tag: 'Erasure',
    summary: 'Reads the state of an erasure, until 30 days after its last sweep.',
    scope: 'read',
    answers: { 200: { description: 'Its state.', schema: 'Erasure' } },
    errors: ['generation.not-found'],
    run: async ({ producer, params }) => ({ status: 200, body: erasureJson(await producer.erasure(params['id'] ?? '')) }),
  },
];
