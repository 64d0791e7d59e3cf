import { pathOf } from '../answers/generation-json.ts';
import { mintReadToken } from '../keys/read-tokens.ts';
import type { Route } from './route.ts';

export const readTokenRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/generations/{id}/read-tokens',
    operationId: 'createReadToken',
    tag: 'Events',
    summary: 'Makes a token with which a browser reads this generation.',
    description:
      'It opens the generation, its stream and its images for an hour as `?token=`, and nothing else, for a page that reaches the API under its own origin. It ends with the API key that made it.',
    scope: 'read',
    answers: { 201: { description: 'The token, and the addresses with it.', schema: 'ReadToken' } },
    errors: ['generation.not-found', 'generation.erased'],
    async run({ producer, params, keyId, keyHash, readTime }) {
      const { generationId } = await producer.get(params['id'] ?? '');
      const { token, expiresAt } = mintReadToken({ keyId, keyHash, generationId }, await readTime());
      const self = pathOf(generationId);
      return {
        status: 201,
        headers: { 'cache-control': 'no-store' },
        body: {
          token,
          expiresAt: new Date(expiresAt).toISOString(),
          urls: { self: `${self}?token=${token}`, events: `${self}/events?token=${token}` },
        },
      };
    },
  },
];
