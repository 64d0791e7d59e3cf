import { hasCode, InvalidRequestError } from '@darkroom/contracts';
import { prefersJson } from '../requests/headers.ts';
import type { Route } from './route.ts';

/** Largest reference image, in bytes. */
export const MAX_INPUT_BYTES = 20 * 1024 * 1024;
/** Content types of an upload. The image format is read from the bytes, and not from the type. */
export const inputTypes = ['image/jpeg', 'image/png', 'image/webp', 'application/octet-stream'] as const;

export const imageRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/generations/{id}/images/{index}',
    operationId: 'getImage',
    tag: 'Images',
    summary: 'Leads to an image.',
    description:
      'Redirects to a presigned address of the bucket, or with `Accept: application/json` names it. Follow it without the API key.',
    scope: 'read',
    takesToken: true,
    query: {
      ttlSeconds: { kind: 'whole', min: 1, max: 604_800, description: "Lifetime of the address. Default the request's `ttl`, or an hour." },
      downloadName: { kind: 'text', description: 'Makes a browser save the image under this name.' },
    },
    answers: {
      302: { description: 'The image.', headers: { Location: 'A presigned address.' } },
      200: { description: 'The address and the verified properties of the image.', schema: 'ImageAddress' },
    },
    errors: ['generation.not-found', 'generation.erased', 'image.not-there', 'image.withheld', 'storage.unavailable'],
    async run({ producer, images, params, query, headers }) {
      const { index: given = '' } = params;
      if (!/^\d{1,9}$/.test(given))
        throw new InvalidRequestError([{ path: 'index', message: 'must be the place of an image in its generation, from 0' }]);
      const index = Number(given);
      const image = images.image(await producer.get(params['id'] ?? ''), index);
      const url = await image.url(query);
      if (!prefersJson(headers.accept)) return { status: 302, headers: { location: url, 'cache-control': 'no-store' } };
      return { status: 200, headers: { 'cache-control': 'no-store' }, body: { index, url, image: image.image } };
    },
  },
  {
    method: 'POST',
    path: '/v1/inputs',
    operationId: 'createInput',
    tag: 'Images',
    summary: 'Keeps a reference image.',
    description: 'The body is the bytes of a JPG, PNG or WEBP of at most 20 MiB. Name the answer in `inputs.referenceImages` of a request.',
    scope: 'write',
    body: { kind: 'bytes' },
    answers: { 201: { description: 'It is kept; the same bytes are kept once.', schema: 'Input' } },
    errors: ['storage.unavailable'],
    async run({ images, tenant, body }) {
      try {
        return { status: 201, body: { reference: await images.putReferenceImage(body as Uint8Array, { tenant }) } };
      } catch (error) {
        if (!hasCode(error, 'request.invalid') || !(error instanceof InvalidRequestError)) throw error;
        throw new InvalidRequestError(error.problems.map((problem) => ({ ...problem, path: 'body' })));
      }
    },
  },
];
