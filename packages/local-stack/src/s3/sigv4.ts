import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { parseAuthorization, type Authorization, type SignedRequest } from './authorization.ts';
import { uriEncode } from './request-url.ts';
import { S3Error } from './s3-error.ts';

/** The key pair that may use the server. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** A temporary key has one, which comes with each request. */
  readonly sessionToken?: string;
}

/** Checks AWS Signature Version 4 as S3 does, in the header or in the query of a presigned URL. */
export type SignatureCheck = (request: SignedRequest, now: number) => Authorization;

/** Greatest error of a client's clock (S3, RequestTimeTooSkewed). */
const MAX_SKEW_MS = 15 * 60_000;

/**
 * @returns a check that returns the signed claims, or throws the S3Error of S3.
 */
export function createSignatureCheck(credentials: S3Credentials, region: string): SignatureCheck {
  const signingKey = createSigningKeys(credentials.secretAccessKey, region);
  return (request, now) => {
    const authorization = parseAuthorization(request);
    checkScope(authorization, credentials, region);
    if ((request.url.query.get('X-Amz-Security-Token') ?? request.headers['x-amz-security-token']) !== credentials.sessionToken)
      throw new S3Error(400, 'InvalidToken', 'The provided token is malformed or otherwise invalid.');
    checkTime(authorization, now);
    checkSignedHeaders(authorization, request);
    const expected = hmac(signingKey(authorization.day), stringToSign(authorization, request));
    if (!timingSafeEqual(expected, Buffer.from(authorization.signature, 'hex'))) {
      throw new S3Error(
        403,
        'SignatureDoesNotMatch',
        'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      );
    }
    return authorization;
  };
}

function checkScope(authorization: Authorization, { accessKeyId }: S3Credentials, region: string): void {
  if (authorization.accessKeyId !== accessKeyId) {
    throw new S3Error(403, 'InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.', {
      AWSAccessKeyId: authorization.accessKeyId,
    });
  }
  if (authorization.region !== region || authorization.service !== 's3' || authorization.terminator !== 'aws4_request') {
    const code = authorization.isPresigned ? 'AuthorizationQueryParametersError' : 'AuthorizationHeaderMalformed';
    const given = `${authorization.region}/${authorization.service}/${authorization.terminator}`;
    throw new S3Error(400, code, `the credential scope "${given}" is wrong; expecting "${region}/s3/aws4_request"`, { Region: region });
  }
}

function checkTime({ timestamp, day, expiresInSeconds }: Authorization, now: number): void {
  const signedAt = parseTimestamp(timestamp);
  if (signedAt === undefined || !timestamp.startsWith(day))
    throw new S3Error(403, 'AccessDenied', 'X-Amz-Date is missing, malformed, or of another day than the credential');
  if (expiresInSeconds === undefined) {
    if (Math.abs(now - signedAt) > MAX_SKEW_MS)
      throw new S3Error(403, 'RequestTimeTooSkewed', 'The difference between the request time and the current time is too large.');
    return;
  }
  if (signedAt > now + MAX_SKEW_MS) throw new S3Error(403, 'AccessDenied', 'Request is not valid yet');
  const expiresAt = signedAt + expiresInSeconds * 1000;
  if (now > expiresAt)
    throw new S3Error(403, 'AccessDenied', 'Request has expired', {
      Expires: new Date(expiresAt).toISOString(),
      ServerTime: new Date(now).toISOString(),
    });
}

/** Refuses unsigned `x-amz-*` headers, as S3 does ("HeadersNotSigned"): any holder of a presigned URL could add one. */
function checkSignedHeaders({ signedHeaders, isPresigned }: Authorization, { headers }: SignedRequest): void {
  if (!signedHeaders.includes('host')) throw new S3Error(403, 'AccessDenied', 'The host header must be signed');
  for (const name of Object.keys(headers)) {
    const mustBeSigned = name.startsWith('x-amz-') && !(isPresigned && name === 'x-amz-content-sha256');
    if (mustBeSigned && !signedHeaders.includes(name)) {
      throw new S3Error(403, 'AccessDenied', 'There were headers present in the request which were not signed', { HeadersNotSigned: name });
    }
  }
}

function stringToSign(authorization: Authorization, request: SignedRequest): string {
  const { timestamp, day, region } = authorization;
  const hash = createHash('sha256').update(canonicalRequest(authorization, request)).digest('hex');
  return ['AWS4-HMAC-SHA256', timestamp, `${day}/${region}/s3/aws4_request`, hash].join('\n');
}

/** Builds the canonical request. S3 encodes each part of the path once and normalises nothing: `//` and a final slash stay. */
function canonicalRequest({ signedHeaders, payload }: Authorization, { method, url, headers }: SignedRequest): string {
  const query = [...url.query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]): [string, string] => [uriEncode(name), uriEncode(value)])
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`);
  const values = signedHeaders.map(
    (name) =>
      `${name}:${String(headers[name] ?? '')
        .trim()
        .replace(/ +/g, ' ')}\n`,
  );
  return [method, url.segments.map(uriEncode).join('/'), query.join('&'), values.join(''), signedHeaders.join(';'), payload].join('\n');
}

/** Derives signing keys. It keeps the key of the last day, because deriving one takes four hashes. */
function createSigningKeys(secretAccessKey: string, region: string): (day: string) => Buffer {
  let kept: { day: string; key: Buffer } | undefined;
  return (day) => {
    if (kept?.day !== day) kept = { day, key: hmac(hmac(hmac(hmac(`AWS4${secretAccessKey}`, day), region), 's3'), 'aws4_request') };
    return kept.key;
  };
}

const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest();

function parseTimestamp(timestamp: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(timestamp);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? undefined : time;
}
