import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { defined, LocalStackError } from '@darkroom/contracts';
import { featureOperations, type S3Features } from './bucket-features.ts';
import { bucketOperations } from './bucket-operations.ts';
import type { S3Disturbance } from './disturbance.ts';
import { ObjectFiles } from './object-files.ts';
import { objectOperations } from './object-operations.ts';
import { findOperation, type Operation, type OperationContext } from './operation.ts';
import { sendReply, type Reply } from './reply.ts';
import { parseRequestUrl, type RequestUrl } from './request-url.ts';
import { notImplemented, notWritten, S3Error } from './s3-error.ts';
import { createS3Request, placeOf, type S3Request } from './s3-request.ts';
import { createSignatureCheck, type S3Credentials, type SignatureCheck } from './sigv4.ts';
import { xmlError } from './xml.ts';

export interface S3ServerOptions {
  /** Folder of the buckets, created if missing. */
  readonly dir: string;
  /** A free port when absent. */
  readonly port?: number;
  /** The one key pair that may use the server. */
  readonly credentials: S3Credentials;
  readonly region: string;
  /** Buckets that are created if missing. */
  readonly buckets: readonly string[];
  /** Milliseconds since 1970; the system's when absent. */
  readonly clock?: () => number;
  /** Called after each answer. */
  readonly onRequest?: (request: S3RequestLog) => void;
  /** Returns the disturbance of a correctly signed request; none when absent. */
  readonly disturb?: () => S3Disturbance;
  /** Features that the server lacks: conditions of a write, and permission to write to folders. */
  readonly lacks?: S3Lacks;
  /** Features of which the buckets tell; none when absent. */
  readonly features?: S3Features;
}

export interface S3Lacks {
  /** "ignored" writes despite the condition, "not-implemented" answers 501, "overwritten" writes and answers 412, "refused" always answers 412. */
  readonly conditionalWrites?: 'ignored' | 'not-implemented' | 'overwritten' | 'refused';
  /** Folders, such as "records/", that refuse each PUT with 403. */
  readonly writesTo?: readonly string[];
}

/** A request and its answer, without the query, which holds the signature of a presigned URL. */
export interface S3RequestLog {
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  /** Name in the S3 API reference; absent for a request that was refused before. */
  readonly operation?: string;
  readonly status: number;
  /** Code of the refusal. */
  readonly code?: string;
  /** The failure inside the server; the client gets only InternalError. */
  readonly failure?: unknown;
}

/** A running S3 endpoint on loopback. */
export interface S3Server {
  /** `http://127.0.0.1:<port>`, for path-style addresses. */
  readonly endpoint: string;
  readonly port: number;
  /** Cuts open requests and waits until none is left. A second call does nothing. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
/** Bytes that a refused client may still send before the server cuts it: it reads the refusal only after it has sent all. */
const DRAIN_LIMIT_BYTES = 64 * 1024 ** 2;

/**
 * Starts an S3 endpoint for one machine. It checks signatures and checksums, writes atomically and for longer than the process lives,
 * and answers 501 to what it does not implement. Not for production: it does not fsync, and keeps all keys in memory.
 * @throws LocalStackError if the port is taken, or if the folder cannot be used or is in use.
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
  features = {},
}: S3ServerOptions): Promise<S3Server> {
  const files = openFiles(dir, buckets);
  const check = createSignatureCheck(credentials, region);
  const operations = [...featureOperations(features), ...bucketOperations, ...objectOperations];
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
    // A client corrects a wrong clock by this header.
    response.setHeader('date', new Date(clock()).toUTCString());
    const handled = answer(message, response, check, { files, region, clock, disturbance, lacks, operations })
      .then((log) => onRequest?.(log))
      .finally(() => underWay.delete(handled));
    underWay.add(handled);
  };
  const server = createServer(handle);
  // Answered here, so that a refused client never sends its body.
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

interface AnswerContext extends OperationContext {
  disturbance: () => Promise<S3Disturbance['refuses']>;
  lacks: S3Lacks;
  operations: readonly Operation[];
}

/** Answers a request. Never rejects: the log of the request holds the failure. */
async function answer(
  message: IncomingMessage,
  response: ServerResponse,
  check: SignatureCheck,
  { disturbance, lacks, operations, ...context }: AnswerContext,
): Promise<S3RequestLog> {
  const method = message.method ?? '';
  let url: RequestUrl | undefined;
  let operation: string | undefined;
  const logOf = (status: number): S3RequestLog => ({
    method,
    ...placeOf(url ?? { segments: [] }),
    ...defined({ operation }),
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

/** Returns the request as a server with these lacks sees it. @throws S3Error with that server's refusal. */
function withLacks(request: S3Request, { conditionalWrites, writesTo = [] }: S3Lacks): S3Request {
  if (writesTo.some((folder) => request.key.startsWith(folder))) throw new S3Error(403, 'AccessDenied', 'Access Denied');
  const { 'if-none-match': condition, ...headers } = request.headers;
  if (condition === undefined || conditionalWrites === undefined) return request;
  if (conditionalWrites === 'not-implemented') throw notImplemented('If-None-Match on a write');
  if (conditionalWrites === 'refused') throw notWritten();
  return { ...request, headers };
}

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
  // No request can follow on a connection with an unread body.
  if (!message.complete) response.setHeader('connection', 'close');
  if (message.headers.expect === undefined) await drain(message);
  await sendReply(response, errorReply(refusal, String(response.getHeader('x-amz-request-id'))), message.method === 'HEAD');
}

const errorReply = ({ status, code, message, fields }: S3Error, requestId: string): Reply => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: xmlError({ Code: code, Message: message, ...fields, RequestId: requestId }),
});

/** Reads the rest of the body: a client that still sends does not read, and would see an early answer as a reset connection. */
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
