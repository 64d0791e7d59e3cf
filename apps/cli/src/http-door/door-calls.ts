import { setTimeout as delay } from 'node:timers/promises';
import { parseRetryAfter, type DarkroomError } from '@darkroom/contracts';
import { DoorError, errorOf } from './door-error.ts';
import type { DoorSettings } from './door-settings.ts';

/** A call of the HTTP API. Every one but those that are marked may be repeated without harm. */
export interface DoorCall {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: URLSearchParams;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON, or bytes. */
  readonly body?: unknown;
  /** The generation that it is about. */
  readonly generationId?: string;
  /** True for a call that does more each time that it arrives: a lost answer ends it. */
  readonly isOnce?: boolean;
  /** Advice in the error if the answer is lost: the command may have done its work. */
  readonly ifLost?: string;
}

/** A successful answer of the HTTP API. */
export interface DoorAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** Calls the HTTP API with its key. */
export interface DoorCalls {
  /** @throws the error of the library that the answer stands for; DoorError. */
  ask(call: DoorCall): Promise<DoorAnswer>;
  /** Opens a stream of events. The caller reads its body, and looks at a status that is none of success. */
  open(path: string, lastEventId: string | undefined, signal: AbortSignal): Promise<Response>;
}

/** Longest wait for an answer: an upload of 20 MiB, or a worker away. */
const ANSWER_LIMIT_MS = 60_000;
/** Repetitions of a call that no process of the API took. */
const MOST_REPEATS = 2;
const REPEAT_MS = 500;
/** Waits for the rate limit of the key, each as long as the API says. */
const MOST_RATE_WAITS = 10;
const MOST_WAIT_MS = 60_000;

/** @param signal Ends every wait with its reason. */
export function createDoorCalls({ url, key }: DoorSettings, signal: AbortSignal, request: typeof fetch = fetch): DoorCalls {
  const authorization = `Bearer ${key}`;

  async function once({ method, path, query, headers, body }: DoorCall): Promise<DoorAnswer> {
    const isBytes = body instanceof Uint8Array;
    const search = query === undefined || query.size === 0 ? '' : `?${query.toString()}`;
    const answer = await request(`${url}${path}${search}`, {
      method,
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_LIMIT_MS)]),
      headers: {
        authorization,
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: isBytes ? new Blob([Buffer.from(body)]) : JSON.stringify(body) }),
    });
    return { status: answer.status, headers: answer.headers, body: parsed(await answer.text()) };
  }

  return {
    async ask(call) {
      let rateWaits = 0;
      let repeats = 0;
      /** Waits before the call is made again. @throws the error for an API that does not answer, after the last time. */
      const untilRepeat = async (cause: unknown): Promise<void> => {
        signal.throwIfAborted();
        if (call.isOnce === true || repeats++ >= MOST_REPEATS) throw absent(url, cause, call.isOnce === true ? LOOK_FIRST : call.ifLost);
        await delay(REPEAT_MS * 2 ** repeats, undefined, { signal });
      };
      for (;;) {
        let answer: DoorAnswer;
        try {
          answer = await once(call);
        } catch (error) {
          await untilRepeat(error);
          continue;
        }
        if (answer.status === 204 || (answer.status < 300 && typeof answer.body === 'object' && answer.body !== null)) return answer;
        // The call before this one may have deleted it.
        if (call.method === 'DELETE' && repeats > 0 && answer.status === 404) return answer;
        const told = errorOf(answer.body, call.generationId);
        if (told === undefined && answer.status >= 500) {
          // A proxy answers in the place of an API that took the call and ended.
          await untilRepeat(new Error(`HTTP ${answer.status}`));
          continue;
        }
        const error = told ?? strange(url, answer.status);
        const isOfRate = error.code === 'api.too-many-requests' && rateWaits++ < MOST_RATE_WAITS;
        const isNotTaken = error.code === 'service.stopping' && repeats++ < MOST_REPEATS;
        if (!isOfRate && !isNotTaken) throw error;
        await delay(retryAfterMs(answer.headers), undefined, { signal });
      }
    },
    open: (path, lastEventId, leaving) =>
      request(`${url}${path}`, {
        redirect: 'manual',
        signal: AbortSignal.any([signal, leaving]),
        headers: { authorization, accept: 'text/event-stream', ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) },
      }),
  };
}

/** Reads the wait that a 429 or 503 asks for. */
export const retryAfterMs = (headers: Headers): number =>
  Math.max(1000, parseRetryAfter(headers.get('retry-after'), Date.parse(headers.get('date') ?? ''), MOST_WAIT_MS) ?? 0);

const LOOK_FIRST = 'look before you run the command again';

/** Builds the error for an API that does not answer. */
export function absent(url: string, cause: unknown, ifLost = 'the same command can be run again'): DarkroomError {
  const told = cause instanceof Error ? (cause.cause instanceof Error ? cause.cause : cause) : undefined;
  const why = told === undefined ? '' : ` (${'code' in told ? String(told.code) : told.message})`;
  return new DoorError('api.unavailable', `the API at ${url} does not answer${why}; what was asked may have arrived: ${ifLost}`, true, {
    cause,
  });
}

/** Builds the error for an answer that is not of Darkroom. */
export const strange = (url: string, status: number): DarkroomError =>
  new DoorError(
    'api.unavailable',
    `${url} answers with status ${status}, and not as Darkroom does: is DARKROOM_URL the address of its API?`,
    status >= 500,
  );

/** Parses JSON. @returns undefined for anything else. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
