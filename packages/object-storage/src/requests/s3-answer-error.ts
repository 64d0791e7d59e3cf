import type { Readable } from 'node:stream';

/** A refusal by S3, with the properties that errors of the AWS SDK have. */
export class S3AnswerError extends Error {
  readonly $metadata: { httpStatusCode: number; attempts: number };

  constructor(httpStatusCode: number, code: string, attempts: number) {
    super(`S3 answered ${httpStatusCode} ${code}`);
    this.name = code;
    this.$metadata = { httpStatusCode, attempts };
  }
}

/** More than any error of S3; of a longer body only the start is read. */
const MAX_ERROR_BYTES = 64 * 1024;

/** Names for an answer without a body, as the SDK gives them. */
const namesByStatus: Readonly<Record<number, string>> = { 404: 'NotFound', 412: 'PreconditionFailed' };

/** Reads the refusal in an answer (Amazon S3 API reference, "REST error responses"). */
export async function readAnswerError(status: number, body: Readable, attempts: number): Promise<S3AnswerError> {
  const text = await readStart(body);
  const [, code = namesByStatus[status] ?? 'UnknownError'] = /<Code>\s*(\w{1,64})\s*<\/Code>/.exec(text) ?? [];
  return new S3AnswerError(status, code, attempts);
}

async function readStart(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    // A Readable of bytes yields Buffers; leaving the loop destroys it.
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes > MAX_ERROR_BYTES) break;
    }
  } catch {
    // The status has arrived, and tells enough.
  }
  return Buffer.concat(chunks).toString('utf8', 0, MAX_ERROR_BYTES);
}

/** Codes after which the same request may succeed (AWS SDKs reference guide, "Retry behavior"; RequestTimeout is of a slow upload). */
const transientCodes = new Set([
  'InternalError',
  'RequestTimeout',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'RequestLimitExceeded',
]);

/** Returns true if S3 may take the same request a moment later. */
export const isPassing = ({ name, $metadata: { httpStatusCode: status } }: S3AnswerError): boolean =>
  status === 429 || status === 500 || status === 502 || status === 503 || status === 504 || transientCodes.has(name);

/** Codes for a request that was signed with a wrong clock. */
export const isSkewed = ({ name }: S3AnswerError): boolean => name === 'RequestTimeTooSkewed' || name === 'RequestExpired';
