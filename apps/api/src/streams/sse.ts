import { once } from 'node:events';
import type { FastifyReply } from 'fastify';

/** Proxies end a silent connection after half a minute or more. */
const COMMENT_MS = 15_000;
/** A reader that takes nothing for so many comments is gone, or slower than its events. */
const MOST_UNREAD_COMMENTS = 4;
/** Rest of a browser before it connects again. */
const RETRY_MS = 2000;

/** One event of a stream. */
export interface SseEvent {
  event: string;
  /** Sent back by the reader as `Last-Event-ID` when it connects again. */
  id?: string;
  data: unknown;
}

/** A stream of server-sent events to one reader (HTML standard, "Server-sent events"). */
export interface SseStream {
  /** Writes an event, and waits while the reader is slower than its events. */
  send(event: SseEvent): Promise<void>;
  /** Writes an id without an event, so that a reader that reconnects before the first event resumes from there. */
  mark(id: string): void;
  end(): void;
}

/**
 * Opens a stream as the answer of a request. @param signal Ends waits for a slow reader.
 * @param options `place` is that up to which the reader has all that concerns it: it is told with the comments, so that a reader which hears
 * nothing for an hour comes back without a gap.
 */
export function openSse(reply: FastifyReply, signal: AbortSignal, options: { commentMs?: number; place?: () => string } = {}): SseStream {
  const { commentMs = COMMENT_MS, place } = options;
  const { raw } = reply;
  void reply.hijack();
  raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // The stream is the last answer on its connection: kept open, that would delay a stop.
    connection: 'close',
    // nginx would collect events
    'x-accel-buffering': 'no',
  });
  raw.write(`retry: ${RETRY_MS}\n\n`);
  let unread = 0;
  let told = place?.();
  const timer = setInterval(() => {
    unread = raw.writableNeedDrain ? unread + 1 : 0;
    if (unread > MOST_UNREAD_COMMENTS) raw.destroy();
    else if (unread === 0) {
      const id = place?.();
      raw.write(id === undefined || id === told ? ':\n\n' : `id: ${id}\n\n`);
      told = id;
    }
  }, commentMs);
  raw.once('close', () => clearInterval(timer));
  return {
    async send({ event, id, data }) {
      // JSON has no line feed of its own.
      const isTaken = raw.write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
      if (!isTaken && !raw.destroyed) await once(raw, 'drain', { signal });
    },
    mark: (id) => void raw.write(`id: ${id}\n\n`),
    end() {
      clearInterval(timer);
      raw.end();
      // Its place among the streams is free by now: a reader that does not take the rest must not stay.
      const limit = setTimeout(() => raw.destroy(), commentMs * MOST_UNREAD_COMMENTS).unref();
      raw.once('close', () => clearTimeout(limit));
    },
  };
}
