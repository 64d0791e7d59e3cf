import { request as requestHttp, type IncomingHttpHeaders } from 'node:http';
import { request as requestHttps } from 'node:https';
import { defined, findCallbackProblem, parseRetryAfter, resolveHost, type HostRules, type WebhookHeaders } from '@darkroom/contracts';
import { faultOf } from './fault-code.ts';

/** Most bytes of an answer that are read; none is kept. */
const MOST_ANSWER_BYTES = 4096;

export interface PostRules extends HostRules {
  /** Longest time of an attempt: name, connection, request and answer together. */
  timeoutMs: number;
  /** Milliseconds since 1970, for a receiver that names a date and does not tell its own time. */
  now: number;
}

/** Longest wait that a receiver may ask for, and longest rest of an endpoint. */
export const LONGEST_REST_MS = 3_600_000;

/** Answer of a receiver. */
export interface PostResult {
  /** 0 without an answer. */
  status: number;
  /** Failure in one word; absent for 2xx. */
  fault?: string;
  /** In milliseconds, up to an hour, as the receiver asked. */
  retryAfterMs?: number;
}

/**
 * Posts a notification once, over a connection of its own that leads to the very addresses that were checked. Redirects are not followed.
 * Never throws: a failure is an answer, and its words hold no part of the address.
 */
export async function postNotification(
  address: string,
  body: string,
  headers: WebhookHeaders,
  { timeoutMs, now, ...rules }: PostRules,
  hurry: AbortSignal,
): Promise<PostResult> {
  // An address that was stored may have passed other rules.
  if (findCallbackProblem(address, rules) !== undefined) return { status: 0, fault: 'address-refused' };
  const url = new URL(address);
  const limit = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([limit, hurry]);
  try {
    const lookup = await resolveHost(url.hostname, rules, signal);
    return await send(url, body, headers, lookup, signal, now);
  } catch (error) {
    return { status: 0, fault: hurry.aborted ? 'cut-off' : limit.aborted ? 'timeout' : faultOf(error) };
  }
}

function send(
  url: URL,
  body: string,
  headers: WebhookHeaders,
  lookup: Awaited<ReturnType<typeof resolveHost>>,
  signal: AbortSignal,
  now: number,
): Promise<PostResult> {
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
      method: 'POST',
      agent: false,
      lookup,
      signal,
      headers: {
        ...headers,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'accept-encoding': 'identity',
        'user-agent': 'Darkroom',
        connection: 'close',
      },
    });
    request.once('error', reject);
    // After "101 Switching Protocols" Node gives the socket away, and tells neither an answer nor an error.
    request.once('upgrade', (_response, socket) => {
      socket.destroy();
      resolve({ status: 0, fault: 'not-http' });
    });
    request.once('close', () => reject(Object.assign(new Error('the connection ended without an answer'), { code: 'ECONNRESET' })));
    request.once('response', (response) => {
      const result = resultOf(response.statusCode ?? 0, response.headers, now);
      const end = (): void => {
        resolve(result);
        request.destroy();
      };
      let bytes = 0;
      response.on('data', (part: Buffer) => {
        bytes += part.length;
        if (bytes > MOST_ANSWER_BYTES) end();
      });
      // The status is the answer: a body that breaks off changes nothing.
      response.once('end', end).once('error', end).once('close', end);
    });
    request.end(body);
  });
}

function resultOf(status: number, headers: IncomingHttpHeaders, now: number): PostResult {
  if (status >= 200 && status < 300) return { status };
  const fault = status >= 300 && status < 400 ? 'redirect' : `http-${status}`;
  const itsTime = Date.parse(headers.date ?? '') || now;
  return { status, fault, ...defined({ retryAfterMs: parseRetryAfter(headers['retry-after'], itsTime, LONGEST_REST_MS) || undefined }) };
}
