/** A span in the life of one purchase. Its attributes are words, numbers and ids of ours: never a prompt, a URL or a key (I8). */
export interface ImageSpan {
  /** "image" is the whole life; all others lie in it. */
  readonly name: 'image' | 'wait' | 'intent' | 'submit' | 'delivery' | 'look' | 'download' | 'verify' | 'keep' | 'record' | 'settle';
  /** Names the trace: every process that knows the purchase knows it. */
  readonly taskUUID: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly isError?: boolean;
  /** The trace of the enqueue, to which the span links: it ended long ago, and may have been sampled otherwise. */
  readonly traceparent?: string | undefined;
}
