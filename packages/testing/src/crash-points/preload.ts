import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { Duplex, Readable } from 'node:stream';
import { TAP_VARIABLE, type CrashPoint, type TapOrder, type TapSettings, type TraceLine } from './order.ts';
import { nameCommand, nameHttpRequest, type ServerKind } from './request-names.ts';
import { createCommandReader, createReplyCounter } from './resp.ts';

/**
 * Loaded into a process before its own code (`node --import`). It counts the requests to Redis, S3 and the provider on the sockets,
 * and kills the process at the ordered point. The code of the process does not notice it.
 *
 * It reads the order file at the start, if there is one, and again at each SIGUSR2; it does not count earlier requests.
 */

const settings = JSON.parse(process.env[TAP_VARIABLE] ?? '{}') as TapSettings; // tap.ts writes it
let order: TapOrder | undefined;
const counts = new Map<string, number>();

const write = (line: TraceLine): void => appendFileSync(settings.traceFile, `${JSON.stringify(line)}\n`);

function readOrder(): void {
  order = existsSync(settings.orderFile) ? (JSON.parse(readFileSync(settings.orderFile, 'utf8')) as TapOrder) : undefined; // tap.ts writes it
  counts.clear();
  write({ armed: order?.kind ?? 'not' });
}

/** Kills the process and does not return: no other statement of the process runs. */
function die(at: CrashPoint): never {
  write({ died: at });
  process.kill(process.pid, 'SIGKILL');
  for (;;);
}

/** A request without an answer yet; undefined for one sent before the order. */
type Pending = { request: string; occurrence: number } | undefined;

/** Counts a request that is about to be sent. */
function noteRequest(request: string): Pending {
  if (order === undefined) return undefined;
  const occurrence = (counts.get(request) ?? 0) + 1;
  counts.set(request, occurrence);
  if (order.kind === 'trace') write({ step: 'sent', request, occurrence });
  dieIf({ request, occurrence, moment: 'before' });
  return { request, occurrence };
}

/** Counts an answer that has arrived and that the process has not seen yet. */
function noteAnswer(pending: Pending): void {
  if (pending === undefined) return;
  if (order?.kind === 'trace') write({ step: 'answered', ...pending });
  dieIf({ ...pending, moment: 'after' });
}

function dieIf(here: CrashPoint): void {
  if (order?.kind !== 'die') return;
  const { request, occurrence, moment } = order.at;
  if (request === here.request && occurrence === here.occurrence && moment === here.moment) die(here);
}

/** One connection to a server, seen from outside. */
interface Conversation {
  onWrite(bytes: Uint8Array): void;
  onRead(bytes: Uint8Array): void;
}

/** Watches a Redis connection, which answers each command once, in order. In a transaction only EXEC counts: Redis runs nothing before. */
function watchRedis(): Conversation {
  const [readCommands, countReplies] = [createCommandReader(), createReplyCounter()];
  const pending: Pending[] = [];
  let isQueueing = false;
  const note = (words: readonly string[]): Pending => {
    const command = (words[0] ?? '').toUpperCase();
    const wasQueueing = isQueueing;
    isQueueing = command === 'MULTI' || (isQueueing && command !== 'EXEC' && command !== 'DISCARD');
    return (isQueueing || wasQueueing) && command !== 'EXEC' ? undefined : noteRequest(nameCommand(words));
  };
  return {
    onWrite: (bytes) => void pending.push(...readCommands(bytes).map(note)),
    onRead(bytes) {
      for (let left = countReplies(bytes); left > 0; left -= 1) noteAnswer(pending.shift());
    },
  };
}

/** Watches an HTTP connection, which has one request at a time. Its answer counts with its first bytes. */
function watchHttp(server: ServerKind): Conversation {
  let pending: { of: Pending } | undefined;
  return {
    onWrite(bytes) {
      const request = nameHttpRequest(server, Buffer.from(bytes).toString('latin1'));
      if (request !== undefined) pending = { of: noteRequest(request) };
    },
    onRead(bytes) {
      if (pending === undefined || /^HTTP\/1\.1 1\d\d/.test(Buffer.from(bytes).toString('latin1', 0, 12))) return;
      const { of } = pending;
      pending = undefined;
      noteAnswer(of);
    },
  };
}

const conversations = new WeakMap<object, Conversation>();

/** @param words Arguments of `connect`: a port, options, or (from `net.connect`) both in a list. */
function portOf(words: readonly unknown[]): number | undefined {
  const [first] = words;
  if (Array.isArray(first)) return portOf(first as unknown[]); // `Array.isArray` loses the type of its elements
  if (typeof first === 'number') return first;
  const port = typeof first === 'object' && first !== null && 'port' in first ? Number(first.port) : NaN;
  return Number.isInteger(port) ? port : undefined;
}

const bytesOf = (chunk: unknown, encoding: unknown): Uint8Array | undefined => {
  if (typeof chunk === 'string') return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8'); // the types of `write`
  return chunk instanceof Uint8Array ? chunk : undefined;
};

type AnyFunction = (this: unknown, ...words: unknown[]) => unknown;

/** Calls `look` before a method of every socket. */
function lookBefore(
  name: 'connect' | 'write' | 'push',
  method: AnyFunction,
  look: (socket: object, words: readonly unknown[]) => void,
): void {
  Object.defineProperty(Socket.prototype, name, {
    configurable: true,
    writable: true,
    value(this: object, ...words: unknown[]): unknown {
      look(this, words);
      return method.apply(this, words);
    },
  });
}

// Each original method keeps its `this`.
lookBefore('connect', Socket.prototype.connect as AnyFunction, (socket, words) => {
  const server = settings.servers[String(portOf(words))];
  if (server !== undefined) conversations.set(socket, server === 'redis' ? watchRedis() : watchHttp(server));
});
lookBefore('write', Duplex.prototype.write as AnyFunction, (socket, [chunk, encoding]) => {
  const bytes = bytesOf(chunk, encoding);
  if (bytes !== undefined) conversations.get(socket)?.onWrite(bytes);
});
lookBefore('push', Readable.prototype.push as AnyFunction, (socket, [chunk]) => {
  if (chunk instanceof Uint8Array) conversations.get(socket)?.onRead(chunk);
});

process.on('SIGUSR2', readOrder);
readOrder();
