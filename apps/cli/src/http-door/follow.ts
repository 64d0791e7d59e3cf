import { setTimeout as delay } from 'node:timers/promises';
import { absent, parsed, retryAfterMs, strange, type DoorCalls } from './door-calls.ts';
import { errorOf } from './door-error.ts';
import { createSseParser, type SseMessage } from './sse-parser.ts';

/** The API sends a comment every 15 seconds: a stream that is silent for longer than this leads nowhere. */
const SILENCE_MS = 60_000;
const FIRST_REST_MS = 500;
const MOST_REST_MS = 5000;

export interface FollowOptions {
  readonly url: string;
  readonly path: string;
  /** `id` behind which to read. */
  readonly lastEventId?: string | undefined;
  /** Ends the stream with its reason. */
  readonly signal: AbortSignal;
}

/**
 * Yields the messages of a stream, and connects again behind the last one when it is cut or the API is away. Ends when the API says that nothing
 * more comes. A first connection that fails, and a refusal, are errors.
 */
export async function* follow(calls: DoorCalls, options: FollowOptions): AsyncGenerator<SseMessage, void, undefined> {
  const { url, path, signal } = options;
  let last = options.lastEventId;
  let isFirst = true;
  for (let restMs = FIRST_REST_MS; ;) {
    const leaving = new AbortController();
    const silence = setTimeout(() => leaving.abort(new Error('the stream was silent')), SILENCE_MS);
    let pauseMs = restMs;
    try {
      const answer = await calls.open(path, last, leaving.signal);
      if (answer.status === 204) return;
      if (answer.status !== 200 || answer.body === null) {
        const error = errorOf(parsed(await answer.text())) ?? strange(url, answer.status);
        if (!error.retryable || (isFirst && answer.status !== 429)) throw new Refusal(error);
        pauseMs = retryAfterMs(answer.headers);
      } else {
        isFirst = false;
        restMs = FIRST_REST_MS;
        const parse = createSseParser();
        const text = new TextDecoder();
        for await (const bytes of answer.body) {
          silence.refresh();
          for (const message of parse(text.decode(bytes, { stream: true }))) {
            last = message.id ?? last;
            const error = message.event === 'error' ? errorOf(parsed(message.data ?? '')) : undefined;
            if (error !== undefined && !error.retryable) throw new Refusal(error);
            if (message.event !== 'error') yield message;
          }
        }
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Refusal) throw error.cause;
      if (isFirst) throw absent(url, error);
    } finally {
      clearTimeout(silence);
      leaving.abort();
    }
    await delay(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    restMs = Math.min(restMs * 2, MOST_REST_MS);
  }
}

/** Tells an answer of the API from a cut. */
class Refusal extends Error {
  constructor(cause: unknown) {
    super('refused', { cause });
  }
}
