/** How a Redis was found, best first. */
export type RedisKind = 'url' | 'binary' | 'deb' | 'js';

/** When Redis writes its append-only file to the disk (Redis docs, "Redis persistence"). */
export type AppendFsync = 'always' | 'everysec' | 'no';

/** A Redis that answers. */
export interface LocalRedis {
  /** `redis://127.0.0.1:<port>`, or the URL that was given. */
  readonly url: string;
  readonly kind: RedisKind;
  /** Name and version, for people: "redis-server 7.0.15". */
  readonly detail: string;
  /** Whether what it holds outlives the process. */
  readonly durable: boolean;
  /** What the person who started it must know, in one line. */
  readonly notice?: string;
  /** Process id of the server, when it is a process of its own. */
  readonly pid?: number;
  /** How long finding and starting it took, in milliseconds. */
  readonly startMs: number;
  /** Stops what was started, and waits for its end. A server that was given by URL is left alone. May be called twice. */
  stop(): Promise<void>;
}
