import { defined, parseRetryAfter, type ProviderFault } from '@darkroom/contracts';
import { readBoundedBody } from './bounded-body.ts';
import { startDeadline } from './deadline.ts';
import { networkCodeOf, networkMessageOf, wasSurelyNotSent } from './network-fault.ts';

/** Longest wait that the provider may ask for: the queue has its own pace, and a wrong clock at the provider must not stop us. Runware documents none. */
export const MAX_RETRY_AFTER_MS = 60_000;

/** Outcome of one POST, before it is interpreted. */
export type Exchange =
  | { kind: 'answered'; status: number; retryAfterMs?: number; body: AnswerBody }
  /** The connection was not made. */
  | { kind: 'not-sent'; fault: ProviderFault }
  /** It may have arrived; no answer came. */
  | { kind: 'interrupted'; fault: ProviderFault };

type AnswerBody = { kind: 'json'; value: unknown } | { kind: 'unreadable'; reason: 'not JSON' | 'too large' | 'cut off' };

/** An answer about one task has a few hundred bytes; a longer one is not read to its end. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** The part of `fetch` that a request to the provider needs: that of the platform, or of `createPooledFetch`. */
export type ProviderFetch = (
  url: string,
  init: { method: 'POST'; headers: Record<string, string>; body: string; redirect: 'manual'; signal: AbortSignal },
) => Promise<ProviderResponse>;

interface ProviderResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: AsyncIterable<Uint8Array> | null;
}

export interface ExchangeSettings {
  url: string;
  apiKey: string;
  requestTimeoutMs: number;
  fetch: ProviderFetch;
  /** Milliseconds since 1970. */
  now: () => number;
}

/**
 * POSTs one task: always an array, with the key in a header (Runware docs, platform/authentication). Redirects are not followed: they
 * would send the key, and a purchase, to another host. Never throws.
 */
export const exchangeTask = (
  settings: ExchangeSettings,
  task: Record<string, unknown>,
  signal?: AbortSignal,
  headers: Readonly<Record<string, string>> = {},
): Promise<Exchange> => exchangeTasks(settings, [task], signal, headers);

/** POSTs several tasks in one request. Only a probe does so: an answer could be about any of them. */
export async function exchangeTasks(
  settings: ExchangeSettings,
  tasks: readonly Record<string, unknown>[],
  signal?: AbortSignal,
  headers: Readonly<Record<string, string>> = {},
): Promise<Exchange> {
  const attempted = `POST of '${String(tasks[0]?.['taskType'])}' to '${new URL(settings.url).host}'`;
  if (signal?.aborted === true)
    return { kind: 'not-sent', fault: networkFault('REQUEST_ABORTED', `${attempted} was given up before it was sent`) };
  const deadline = startDeadline(settings.requestTimeoutMs, signal);
  try {
    const response = await settings.fetch(settings.url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${settings.apiKey}`,
        'content-type': 'application/json',
        accept: 'application/json',
        // Without it an answer may have any coding (RFC 9110, 12.5.3), and the pooled connections decode none.
        'accept-encoding': 'identity',
        'user-agent': 'Darkroom',
        ...headers,
      },
      body: JSON.stringify(tasks),
      redirect: 'manual',
      signal: deadline.signal,
    });
    const retryAfterMs = parseRetryAfter(response.headers.get('retry-after'), settings.now(), MAX_RETRY_AFTER_MS);
    const body = await readJson(response);
    return { kind: 'answered', status: response.status, ...defined({ retryAfterMs }), body };
  } catch (error) {
    switch (deadline.endedBy()) {
      case 'timeout':
        return {
          kind: 'interrupted',
          fault: networkFault('REQUEST_TIMEOUT', `${attempted} was not answered within ${settings.requestTimeoutMs} ms`),
        };
      case 'caller':
        return { kind: 'interrupted', fault: networkFault('REQUEST_ABORTED', `${attempted} was given up before it was answered`) };
      case undefined:
        return {
          kind: wasSurelyNotSent(error) ? 'not-sent' : 'interrupted',
          fault: networkFault(networkCodeOf(error), `${attempted} failed: ${networkMessageOf(error)}`),
        };
    }
  } finally {
    deadline.stop();
  }
}

async function readJson(response: ProviderResponse): Promise<AnswerBody> {
  let bytes: Uint8Array;
  try {
    const body = await readBoundedBody(response.body, MAX_ANSWER_BYTES);
    if (body.kind === 'too-large') return { kind: 'unreadable', reason: 'too large' };
    bytes = body.bytes;
  } catch {
    // The status has arrived and is still usable; for a purchase, a truncated body means that the outcome is unknown.
    return { kind: 'unreadable', reason: 'cut off' };
  }
  const text = new TextDecoder().decode(bytes);
  try {
    return { kind: 'json', value: JSON.parse(text) };
  } catch {
    // A proxy that lost the end of an answer passes on the beginning, under its new length.
    return { kind: 'unreadable', reason: /^\s*[[{]/.test(text) ? 'cut off' : 'not JSON' };
  }
}

/** Builds a fault of the network, under a code of ours or of the system ("ECONNRESET"). */
export const networkFault = (code: string, message: string): ProviderFault => ({ class: 'network', code, message });
