import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { findCallbackProblem, resolveHost, type HostRules, type WebhookHeaders } from '@darkroom/contracts';
import { faultOf } from './fault-code.ts';

/** Most bytes of an answer that are read; none is kept. */
const MOST_ANSWER_BYTES = 4096;

export interface PostRules extends HostRules {
  /** Longest time of an attempt: name, connection, request and answer together. */
  timeoutMs: number;
}

/** Answer of a receiver. */
export interface PostResult {
  /** 0 without an answer. */
  status: number;
  /** Failure in one word; absent for 2xx. */
  fault?: string;
  /** In milliseconds, as the receiver asked. */
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
  { timeoutMs, ...rules }: PostRules,
  hurry: AbortSignal,
): Promise<PostResult> {
  // An address that was stored may have passed other rules.
  if (findCallbackProblem(address, rules) !== undefined) return { status: 0, fault: 'address-refused' };
  const url = new URL(address);
  const limit = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([limit, hurry]);
  try {
    const lookup = await resolveHost(url.hostname, rules, signal);
    return await send(url, body, headers, lookup, signal);
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
      const result = resultOf(response.statusCode ?? 0, response.headers['retry-after']);
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

function resultOf(status: number, retryAfter: string | undefined): PostResult {
  if (status >= 200 && status < 300) return { status };
  const seconds = Number(retryAfter);
  return {
    status,
    fault: status >= 300 && status < 400 ? 'redirect' : `http-${status}`,
    ...(retryAfter !== undefined && Number.isFinite(seconds) && seconds > 0 && { retryAfterMs: seconds * 1000 }),
  };
}
