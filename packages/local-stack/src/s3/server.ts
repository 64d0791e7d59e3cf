import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { LocalStackError } from '@darkroom/contracts';
import { bucketOperations } from './bucket-operations.ts';
import type { S3Disturbance } from './disturbance.ts';
import { ObjectFiles } from './object-files.ts';
import { objectOperations } from './object-operations.ts';
import { findOperation, type OperationContext } from './operation.ts';
import { sendReply, type Reply } from './reply.ts';
import { parseRequestUrl, type RequestUrl } from './request-url.ts';
import { notImplemented, S3Error } from './s3-error.ts';
import { createS3Request, placeOf, type S3Request } from './s3-request.ts';
import { createSignatureCheck, type S3Credentials, type SignatureCheck } from './sigv4.ts';
import { xmlError } from './xml.ts';

export interface S3ServerOptions {
  /** Where buckets are kept; made when missing. */
  readonly dir: string;
  /** Absent: a free one. */
  readonly port?: number;
  /** The one key pair that may use the server. */
  readonly credentials: S3Credentials;
  readonly region: string;
  /** Made when they are not there. */
  readonly buckets: readonly string[];
  /** Milliseconds since 1970; the system's when absent. */
  readonly clock?: () => number;
  /** Called when a request has been answered. */
  readonly onRequest?: (request: S3RequestLog) => void;
  /** Says, for each request that is signed as it must be, what is to go wrong with it; nothing when absent. */
  readonly disturb?: () => S3Disturbance;
  /** How it plays a server that lacks something: what it makes of `If-None-Match` on a write, and folders that nobody may write to. */
  readonly lacks?: S3Lacks;
}

export interface S3Lacks {
  /** "ignored" writes all the same, "not-implemented" answers 501, "overwritten" writes and answers 412, "refused" answers 412 to each. */
  readonly conditionalWrites?: 'ignored' | 'not-implemented' | 'overwritten' | 'refused';
  /** Folders, such as "records/", in which a PUT is answered with 403. */
  readonly writesTo?: readonly string[];
}

/** What was asked and answered; never a query, which holds the signature of a presigned URL. */
export interface S3RequestLog {
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  /** As the S3 API reference calls it; absent for a request that did not get so far. */
  readonly operation?: string;
  readonly status: number;
  /** Code of the refusal. */
  readonly code?: string;
  /** What went wrong inside the server, which the client is only told as InternalError. */
  readonly failure?: unknown;
}

/** A running S3 endpoint on loopback. */
export interface S3Server {
  /** `http://127.0.0.1:<port>`, to be used with path-style addresses. */
  readonly endpoint: string;
  readonly port: number;
  /** Cuts what is under way, and waits until nothing of it runs. May be called twice. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
/** What a refused client may still send before its connection is cut; it hears of the refusal only when it has sent all. */
const DRAIN_LIMIT_BYTES = 64 * 1024 ** 2;

/**
 * Starts an S3 endpoint for one machine: signatures and checksums are really checked, writes are atomic and outlive the
 * process, and what it does not know is answered with 501. Never for production: nothing is fsynced, all keys are in memory.
 * @throws LocalStackError when the port is taken, or the folder cannot be used or is used by another process.
 */
export async function startS3Server({
  dir,
  port = 0,
  credentials,
  region,
  buckets,
  clock = Date.now,
  onRequest,
  disturb,
  lacks = {},
}: S3ServerOptions): Promise<S3Server> {
  const files = openFiles(dir, buckets);
  const check = createSignatureCheck(credentials, region);
  const underWay = new Set<Promise<void>>();
  const stopped = new AbortController();
  const disturbance = async (): Promise<S3Disturbance['refuses']> => {
    const { delayMs, refuses } = disturb?.() ?? { delayMs: 0, refuses: 'nothing' };
    if (delayMs > 0) await delay(delayMs, undefined, { signal: stopped.signal });
    return refuses;
  };
  let requests = 0;
  const handle = (message: IncomingMessage, response: ServerResponse): void => {
    response.setHeader('x-amz-request-id', (requests += 1).toString(16).padStart(16, '0'));
    // By which a client whose clock differs corrects its own.
    response.setHeader('date', new Date(clock()).toUTCString());
    const handled = answer(message, response, check, { files, region, clock, disturbance, lacks })
      .then((log) => onRequest?.(log))
      .finally(() => underWay.delete(handled));
    underWay.add(handled);
  };
  const server = createServer(handle);
  // Answered by hand, so that a refused client never sends its body.
  server.on('checkContinue', handle);
  const boundPort = await listen(server, port).catch((error: unknown) => {
    files.close();
    throw error;
  });

  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    stopped.abort();
    await Promise.all([closed, ...underWay]);
    files.close();
  };
  return { endpoint: `http://${HOST}:${boundPort}`, port: boundPort, stop: () => (stopping ??= stop()) };
}

const operations = [...bucketOperations, ...objectOperations];

/** Never rejects: what goes wrong is in the log of the request. */
async function answer(
  message: IncomingMessage,
  response: ServerResponse,
  check: SignatureCheck,
  { disturbance, lacks, ...context }: OperationContext & { disturbance: () => Promise<S3Disturbance['refuses']>; lacks: S3Lacks },
): Promise<S3RequestLog> {
  const method = message.method ?? '';
  let url: RequestUrl | undefined;
  let operation: string | undefined;
  const logOf = (status: number): S3RequestLog => ({
    method,
    ...placeOf(url ?? { segments: [] }),
    ...(operation === undefined ? {} : { operation }),
    status,
  });
  try {
    url = parseRequestUrl(message.url ?? '');
    const authorization = check({ method, url, headers: message.headers }, context.clock());
    const request = createS3Request(message, url, authorization);
    const found = findOperation(operations, request);
    operation = found.name;
    const refuses = await disturbance();
    if (refuses === 'the request') throw slowDown();
    if (message.headers.expect !== undefined) response.writeContinue();
    const reply = await found.run(found.method === 'PUT' ? withLacks(request, lacks) : request, context);
    if (found.method === 'PUT' && lacks.conditionalWrites === 'overwritten' && 'if-none-match' in request.headers) throw notWritten();
    if (refuses === 'a write after it was made' && found.method !== 'GET' && found.method !== 'HEAD') throw slowDown();
    await sendReply(response, reply, method === 'HEAD');
    return logOf(reply.status);
  } catch (error) {
    const refusal = refusalOf(error, message, response);
    await refuse(message, response, refusal).catch(() => response.destroy());
    return { ...logOf(refusal.status), code: refusal.code, ...(refusal.code === 'InternalError' ? { failure: error } : {}) };
  }
}

/** The request as a server sees it that lacks something. @throws S3Error as such a server answers. */
function withLacks(request: S3Request, { conditionalWrites, writesTo = [] }: S3Lacks): S3Request {
  if (writesTo.some((folder) => request.key.startsWith(folder))) throw new S3Error(403, 'AccessDenied', 'Access Denied');
  const { 'if-none-match': condition, ...headers } = request.headers;
  if (condition === undefined || conditionalWrites === undefined) return request;
  if (conditionalWrites === 'not-implemented') throw notImplemented('If-None-Match on a write');
  if (conditionalWrites === 'refused') throw notWritten();
  return { ...request, headers };
}

const notWritten = (): S3Error => new S3Error(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
const slowDown = (): S3Error => new S3Error(503, 'SlowDown', 'Please reduce your request rate.');

function refusalOf(error: unknown, message: IncomingMessage, response: ServerResponse): S3Error {
  if (error instanceof S3Error) return error;
  const hasLeft = response.destroyed || (message.destroyed && !message.complete);
  if (hasLeft) return new S3Error(400, 'RequestTimeout', 'The client left before the end.');
  return new S3Error(500, 'InternalError', 'We encountered an internal error. Please try again.');
}

async function refuse(message: IncomingMessage, response: ServerResponse, refusal: S3Error): Promise<void> {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // Nothing can follow on a connection whose body was not read to its end.
  if (!message.complete) response.setHeader('connection', 'close');
  if (message.headers.expect === undefined) await drain(message);
  await sendReply(response, errorReply(refusal, String(response.getHeader('x-amz-request-id'))), message.method === 'HEAD');
}

const errorReply = ({ status, code, message, fields }: S3Error, requestId: string): Reply => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: xmlError({ Code: code, Message: message, ...fields, RequestId: requestId }),
});

/** A client that is still sending does not read: an answer before its end would reach it as a reset connection. */
async function drain(message: IncomingMessage): Promise<void> {
  if (message.complete || message.destroyed) return;
  let size = 0;
  for await (const bytes of message) {
    size += Buffer.isBuffer(bytes) ? bytes.length : 0;
    if (size > DRAIN_LIMIT_BYTES) return;
  }
}

function openFiles(dir: string, buckets: readonly string[]): ObjectFiles {
  try {
    const files = new ObjectFiles(dir);
    for (const bucket of buckets) files.createBucket(bucket);
    return files;
  } catch (cause) {
    if (cause instanceof LocalStackError) throw cause;
    throw new LocalStackError(`cannot keep objects in "${dir}": ${String(cause)}; choose a folder that this user may write`, { cause });
  }
}

async function listen(server: Server, port: number): Promise<number> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, HOST, resolve);
    });
  } catch (cause) {
    throw new LocalStackError(`cannot listen on ${HOST}:${port}: ${String(cause)}; stop what uses the port, or choose another`, { cause });
  }
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}
