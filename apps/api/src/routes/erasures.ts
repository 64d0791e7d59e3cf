import { defined, InvalidRequestError, ProblemList, readOptions } from '@darkroom/contracts';
import type { EraseOptions, ErasedMany, Producer } from '@darkroom/producer';
import type { Answer } from '../answers/answer.ts';
import { erasureJson, erasurePath } from '../answers/generation-json.ts';
import type { Query } from '../requests/read-query.ts';
import type { Route } from './route.ts';

const description =
  'Erases the request with its prompt, the images and the labels, in Redis and in S3. Status, cost and the name of the tenant stay. Ask for the erasure until its status is `erased`.';
const query: Query = {
  cancel: { kind: 'flag', description: 'Cancels an open generation and erases it. Without it an open one is refused.' },
  retries: { kind: 'flag', description: 'Also erases the retries of its images.' },
};
const answers = {
  202: { description: 'The eraser does it within seconds.', schema: 'Erasure' as const, headers: { Location: 'Path of the erasure.' } },
};

async function erase(producer: Producer, generationId: string, options: EraseOptions): Promise<Answer> {
  const erasure = await producer.erase(generationId, options);
  return { status: 202, headers: { location: erasurePath(erasure) }, body: erasureJson(erasure) };
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
    summary: 'Erases one generation, all of a tag, or all of the tenant.',
    description: `${description} Name \`generationId\`, or else \`tag\`, or \`tenant\` with the name of the tenant of this key, or both. Of many, open ones are left and named unless \`cancel\` is true.`,
    scope: 'erase',
    body: { kind: 'json', schema: 'ErasureRequest', isRequired: true },
    answers,
    errors: ['generation.not-found', 'generation.open'],
    async run({ producer, body }) {
      const problems = new ProblemList();
      const known = ['generationId', 'tag', 'tenant', 'cancel', 'retries'];
      // The body may be any JSON: every value but an object is a problem.
      const given = readOptions(body as { generationId?: string } & ErasedMany & EraseOptions, { path: '', known }, problems);
      const { generationId, tag, tenant, ...options } = given ?? {};
      const isOne = generationId !== undefined;
      if (given !== undefined && isOne === (tag !== undefined || tenant !== undefined))
        problems.push({ path: '', message: 'must name either generationId, or tag or tenant' });
      if (isOne && typeof generationId !== 'string') problems.push({ path: 'generationId', message: 'must be the id of a generation' });
      if (problems.count > 0) throw new InvalidRequestError(problems);
      if (isOne) return erase(producer, generationId, options);
      const erasure = await producer.erase(defined({ tag, tenant }) as ErasedMany, options);
      return { status: 202, headers: { location: erasurePath(erasure) }, body: erasureJson(erasure) };
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
