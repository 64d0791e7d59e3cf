/** One event as a browser would hand it out. */
export interface ReadEvent {
  event: string;
  id: string | undefined;
  data: unknown;
}

export interface ReadStream {
  retryAfter: string | null;
  status: number;
  /** Returns the next event; undefined at the end of the stream. */
  next(): Promise<ReadEvent | undefined>;
  /** Returns the id that a browser would send when it connects again. */
  lastId(): string | undefined;
  /** Cuts the connection. */
  cut(): void;
}

/** Opens a stream as an EventSource does. */
export async function openStream(url: string, key: string, lastEventId?: string): Promise<ReadStream> {
  const leaving = new AbortController();
  const answer = await fetch(url, {
    headers: {
      authorization: `Bearer ${key}`,
      accept: 'text/event-stream',
      ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
    },
    signal: leaving.signal,
  });
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  let last = lastEventId;
  return {
    status: answer.status,
    retryAfter: answer.headers.get('retry-after'),
    lastId: () => last,
    cut: () => leaving.abort(),
    async next() {
      for (;;) {
        const end = text.indexOf('\n\n');
        if (end >= 0) {
          const fields = Object.fromEntries(
            text
              .slice(0, end)
              .split('\n')
              .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trimStart()]),
          );
          text = text.slice(end + 2);
          last = fields['id'] ?? last;
          if (fields['data'] === undefined) continue;
          return { event: fields['event'] ?? 'message', id: fields['id'], data: JSON.parse(fields['data']) as unknown };
        }
        const part = await reader?.read().catch(() => undefined);
        if (part?.value === undefined) return undefined;
        text += part.value;
      }
    },
  };
}
