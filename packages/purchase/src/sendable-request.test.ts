import { formatKeptInput, parseGrokImagineRequest, type KeptInput } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { buildSendableRequest } from './sendable-request.ts';

const presign = ({ tenantPart, sha256 }: KeptInput): Promise<string> =>
  Promise.resolve(`https://bucket.example/${tenantPart ?? ''}/${sha256}?signed`);

test('a reference image that lies in the bucket becomes a URL; the other forms, and the request itself, stay as they are', async () => {
  const sha256 = '0a'.repeat(32);
  const others = [
    'c62f6951-f37f-4019-a51c-0ed55c202732',
    'https://example.org/1.jpg',
    'data:image/png;base64,iVBORw0KGgo=',
    'iVBORw0KGgo=',
  ];
  const referenceImages = [...others, formatKeptInput({ tenantPart: 'acme', sha256 }), formatKeptInput({ sha256 })];
  const request = parseGrokImagineRequest({ positivePrompt: 'x', inputs: { referenceImages } }, { maxReferenceImages: 6 });
  const before = structuredClone(request);
  const sendable = await buildSendableRequest(request, presign);
  const signed = [`https://bucket.example/acme/${sha256}?signed`, `https://bucket.example//${sha256}?signed`];
  expect(sendable).toEqual({ ...request, inputs: { referenceImages: [...others, ...signed] } });
  expect(request).toEqual(before);
});

test('a request without reference images asks for no URL', async () => {
  const request = parseGrokImagineRequest({ positivePrompt: 'x' });
  expect(await buildSendableRequest(request, () => Promise.reject(new Error('asked')))).toBe(request);
});
