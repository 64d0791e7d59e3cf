import { notImplemented } from './s3-error.ts';
import type { ObjectFiles } from './object-files.ts';
import type { Reply } from './reply.ts';
import { isSignatureParameter, type S3Request } from './s3-request.ts';

/** Dependencies of an operation. */
export interface OperationContext {
  readonly files: ObjectFiles;
  readonly region: string;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

/** One operation of the S3 API, with every part of a request that it understands. */
export interface Operation {
  /** Name in the S3 API reference. */
  readonly name: string;
  readonly method: string;
  readonly level: 'bucket' | 'object';
  /** Query parameter or `x-amz-*` value that distinguishes it from others of the same method. */
  readonly mark?: string;
  /** Query parameters that it obeys. */
  readonly query?: readonly string[];
  /** Headers that it obeys: `x-amz-*`, and those of `CONDITIONAL_HEADERS`. A name with "-" at its end stands for all that begin so. */
  readonly headers?: readonly string[];
  readonly run: (request: S3Request, context: OperationContext) => Reply | Promise<Reply>;
}

/** Headers that change the meaning of a request; a client that sends one relies on it. */
const CONDITIONAL_HEADERS = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range', 'range', 'content-md5'];

/** Headers that the AWS SDKs sign on every request, without an effect. */
const NEUTRAL_HEADERS = ['x-amz-date', 'x-amz-content-sha256', 'x-amz-security-token', 'x-amz-user-agent'];

/** Query parameter with the name of the operation, which the AWS SDKs add to every URL. */
const NEUTRAL_QUERY = ['x-id'];

/**
 * Returns the operation of a request.
 * @throws S3Error 501 if there is none, or if the request holds anything that the operation ignores.
 */
export function findOperation(operations: readonly Operation[], request: S3Request): Operation {
  const level = request.key === '' ? 'bucket' : 'object';
  const isMarked = (mark: string): boolean => request.url.query.has(mark) || request.amz.has(mark);
  const candidates = operations.filter(
    (operation) => request.bucket !== '' && operation.method === request.method && operation.level === level,
  );
  const operation =
    candidates.find(({ mark }) => mark !== undefined && isMarked(mark)) ?? candidates.find(({ mark }) => mark === undefined);
  if (operation === undefined)
    throw notImplemented(`${request.method} of ${request.bucket === '' ? 'the service' : `this kind on ${level}s`}`);
  const stranger = findStranger(operation, request);
  if (stranger !== undefined) throw notImplemented(`"${stranger}" on ${operation.name}`);
  return operation;
}

function findStranger({ mark, query = [], headers = [] }: Operation, request: S3Request): string | undefined {
  const isKnownHeader = (name: string): boolean =>
    name === mark ||
    NEUTRAL_HEADERS.includes(name) ||
    headers.some((known) => (known.endsWith('-') ? name.startsWith(known) : name === known));
  const isKnownQuery = (name: string): boolean =>
    name === mark ||
    NEUTRAL_QUERY.includes(name) ||
    query.includes(name) ||
    isSignatureParameter(name) ||
    request.amz.has(name.toLowerCase());
  return (
    [...request.url.query.keys()].find((name) => !isKnownQuery(name)) ??
    [...request.amz.keys()].find((name) => !isKnownHeader(name)) ??
    CONDITIONAL_HEADERS.find((name) => request.headers[name] !== undefined && !isKnownHeader(name))
  );
}
