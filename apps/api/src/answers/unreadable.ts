import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { endConnection } from '@darkroom/service-runtime';
import { ApiError } from './api-error.ts';
import { problemOf } from './problem.ts';

/** Answers of Node to what it cannot read (Node docs, `server.on('clientError')`). */
const reasons: Partial<Record<string, { status: number; words: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, words: 'the headers and the address are longer than 16 KiB' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, words: 'the request did not arrive within a minute' },
  STALLED: { status: 408, words: 'the body stopped arriving: less than 64 KiB came in five seconds' },
  // our own: Node answers the first without a body, and the second not at all
  EXPECT: { status: 417, words: 'the header Expect may hold 100-continue alone' },
  CONNECT: { status: 405, words: 'the API is no proxy' },
};

/** Answers bytes that are no HTTP request, of which the server makes none: with a problem, as every other mistake. */
export function answerUnreadable(error: { code?: string }, socket: Duplex): void {
  const { status, body, headers } = answerTo(error.code);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  endConnection(socket, `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`);
}

/** Refuses an unknown header Expect, after the answers of the requests before it. */
export function refuseExpectation(response: ServerResponse): void {
  const { status, body, headers } = answerTo('EXPECT');
  response.writeHead(status, headers).end(body);
}

function answerTo(code = ''): { status: number; body: string; headers: Record<string, string | number> } {
  const { status, words } = reasons[code] ?? { status: 400, words: 'what was sent is no HTTP request' };
  const { problem, headers } = problemOf(new ApiError('api.malformed', words), randomUUID());
  const body = JSON.stringify({ ...problem, status });
  return { status, body, headers: { ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' } };
}
