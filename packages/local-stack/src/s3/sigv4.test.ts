import { describe, expect, test } from 'vitest';
import type { SignedRequest } from './authorization.ts';
import { parseRequestUrl } from './request-url.ts';
import { createSignatureCheck } from './sigv4.ts';

const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const SIGNED_AT = Date.UTC(2013, 4, 24);
const FIVE_MINUTES = 5 * 60_000;

const check = createSignatureCheck(
  { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
  'us-east-1',
);

const signed = (target: string, signedHeaders: string, signature: string, { method = 'GET', headers = {} } = {}): SignedRequest => ({
  method,
  url: parseRequestUrl(target),
  headers: {
    host: 'examplebucket.s3.amazonaws.com',
    'x-amz-content-sha256': EMPTY,
    'x-amz-date': '20130524T000000Z',
    authorization: `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=${signedHeaders},Signature=${signature}`,
    ...headers,
  },
});

const presigned = (signature = 'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404', method = 'GET'): SignedRequest => ({
  method,
  url: parseRequestUrl(
    `/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=${signature}`,
  ),
  headers: { host: 'examplebucket.s3.amazonaws.com' },
});

// S3 API reference, "Signature Calculations for the Authorization Header" and "Authenticating Requests: Using Query Parameters".
describe('the server accepts the examples that AWS publishes', () => {
  test.each([
    ['a presigned GET', presigned()],
    [
      'a GET of a range',
      signed(
        '/test.txt',
        'host;range;x-amz-content-sha256;x-amz-date',
        'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
        { headers: { range: 'bytes=0-9' } },
      ),
    ],
    [
      'a PUT with an encoded key',
      signed(
        '/test%24file.text',
        'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
        '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
        {
          method: 'PUT',
          headers: {
            date: 'Fri, 24 May 2013 00:00:00 GMT',
            'x-amz-storage-class': 'REDUCED_REDUNDANCY',
            'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
          },
        },
      ),
    ],
    [
      'a parameter without a value',
      signed('/?lifecycle', 'host;x-amz-content-sha256;x-amz-date', 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'),
    ],
    [
      'two parameters',
      signed(
        '/?max-keys=2&prefix=J',
        'host;x-amz-content-sha256;x-amz-date',
        '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
      ),
    ],
  ])('%s', (_, request) => {
    expect(check(request, SIGNED_AT + FIVE_MINUTES).accessKeyId).toBe('AKIAIOSFODNN7EXAMPLE');
  });
});

describe('a presigned URL', () => {
  test('is valid until it expires and not a second longer', () => {
    const lastMoment = SIGNED_AT + 86_400_000;
    expect(check(presigned(), lastMoment).isPresigned).toBe(true);
    expect(() => check(presigned(), lastMoment + 1000)).toThrow('Request has expired');
  });

  test('is not valid before its time, less the skew of a clock', () => {
    expect(check(presigned(), SIGNED_AT - 15 * 60_000).isPresigned).toBe(true);
    expect(() => check(presigned(), SIGNED_AT - 16 * 60_000)).toThrow('Request is not valid yet');
  });

  test('is valid for its method only', () => {
    expect(() => check(presigned(undefined, 'PUT'), SIGNED_AT)).toThrow(
      expect.objectContaining({ code: 'SignatureDoesNotMatch', status: 403 }),
    );
  });

  test('is refused with one changed digit in its signature', () => {
    expect(() => check(presigned('beeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404'), SIGNED_AT)).toThrow(
      expect.objectContaining({ code: 'SignatureDoesNotMatch' }),
    );
  });

  test('is refused with an unsigned header of S3', () => {
    const request = { ...presigned(), headers: { host: 'examplebucket.s3.amazonaws.com', 'x-amz-acl': 'public-read' } };
    expect(() => check(request, SIGNED_AT)).toThrow(
      expect.objectContaining({ code: 'AccessDenied', fields: { HeadersNotSigned: 'x-amz-acl' } }),
    );
  });
});

describe('a signed header', () => {
  const lifecycle = signed(
    '/?lifecycle',
    'host;x-amz-content-sha256;x-amz-date',
    'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  );

  test('is refused when the clocks differ by more than 15 minutes', () => {
    expect(() => check(lifecycle, SIGNED_AT + 16 * 60_000)).toThrow(expect.objectContaining({ code: 'RequestTimeTooSkewed' }));
  });

  test('is refused before the check of the signature if it is for another region, service or key', () => {
    const otherRegion = createSignatureCheck({ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'x' }, 'eu-west-1');
    expect(() => otherRegion(lifecycle, SIGNED_AT)).toThrow(
      expect.objectContaining({ code: 'AuthorizationHeaderMalformed', fields: { Region: 'eu-west-1' } }),
    );
    const otherKey = createSignatureCheck({ accessKeyId: 'AKIAOTHER', secretAccessKey: 'x' }, 'us-east-1');
    expect(() => otherKey(lifecycle, SIGNED_AT)).toThrow(expect.objectContaining({ code: 'InvalidAccessKeyId' }));
  });

  test('is required: a request without any signature is refused', () => {
    expect(() => check({ ...lifecycle, headers: { host: 'examplebucket.s3.amazonaws.com' } }, SIGNED_AT)).toThrow(
      expect.objectContaining({ code: 'AccessDenied', status: 403 }),
    );
  });
});
