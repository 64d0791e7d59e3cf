import { buildQuote, createModels, grokImagineImage, type Model } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { order, startWorld } from './world.ts';

/** A model at another price, whose requests have the fields of the first one. */
const poster: Model = {
  ...grokImagineImage,
  id: 'acme:poster@1',
  provider: 'acme',
  read(input, limits, problems) {
    const request = grokImagineImage.read({ ...(input as object), model: grokImagineImage.id }, limits, problems);
    return request && { ...request, model: 'acme:poster@1' };
  },
  quote: ({ numberResults }) => buildQuote(140_000_000, numberResults),
  outline: (request) => ({ ...grokImagineImage.outline(request as never), provider: 'acme', model: 'acme:poster@1' }),
};

test('a second model is quoted, enqueued, read and listed under its own name', async () => {
  await using world = await startWorld({ models: createModels(grokImagineImage, poster) });
  const key = await world.key();
  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await world.call(key, method, path, body);
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  const request = { ...order, model: 'acme:poster@1', numberResults: 2 };
  expect(await call('POST', '/v1/quotes', request)).toEqual({
    status: 200,
    body: { images: 2, imageUsd: '0.14', atMostUsd: '0.28', currency: 'USD' },
  });
  const made = await call('POST', '/v1/generations', request);
  expect(made).toMatchObject({ status: 202, body: { provider: 'acme', model: 'acme:poster@1', reservedUsd: '0.28' } });
  const path = `/v1/generations/${String(made.body['generationId'])}`;
  expect(await call('GET', path)).toMatchObject({ status: 200, body: { model: 'acme:poster@1' } });
  expect(await call('GET', '/v1/generations')).toMatchObject({ body: { data: [{ provider: 'acme', model: 'acme:poster@1' }] } });
  const { request: kept } = (await call('GET', path)).body as { request: object };
  expect(await call('POST', '/v1/quotes', kept), 'the command line asks so for a model that it does not know').toMatchObject({
    status: 200,
    body: { imageUsd: '0.14', atMostUsd: '0.28' },
  });
  const { body: document } = await call('GET', '/v1/openapi.json');
  const { schemas } = document['components'] as { schemas: Record<string, { anyOf?: { properties: Record<string, unknown> }[] }> };
  for (const name of ['QuoteRequest', 'GenerationRequest'])
    expect(schemas[name]?.anyOf?.map(({ properties }) => properties['model'])).toEqual([
      { type: 'string', const: 'xai:grok-imagine@image' },
      { type: 'string', enum: ['acme:poster@1'] },
    ]);
  expect(await call('POST', '/v1/quotes', { ...request, model: 'acme:postr@1' })).toMatchObject({
    status: 422,
    body: {
      problems: [
        {
          path: 'model',
          message: expect.stringContaining('one of "xai:grok-imagine@image", "acme:poster@1"') as string,
        },
      ],
    },
  });
});
