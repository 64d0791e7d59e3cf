/** Sources of a Redis, best first. */
export type RedisKind = 'url' | 'binary' | 'deb' | 'js';

/** When Redis writes its append-only file to the disk (Redis docs, "Redis persistence"). */
export type AppendFsync = 'always' | 'everysec' | 'no';

/** A running Redis. */
export interface LocalRedis {
  /** `redis://127.0.0.1:<port>`, or the given URL. */
  readonly url: string;
  readonly kind: RedisKind;
  /** Name and version, for people: "redis-server 7.0.15". */
  readonly detail: string;
  /** True if its data survives the process. */
  readonly durable: boolean;
  /** A line that the person who started it must read. */
  readonly notice?: string;
  /** Process id of a server that is a process of its own. */
  readonly pid?: number;
  /** Time to find and start it, in milliseconds. */
  readonly startMs: number;
  /** Stops a started server and waits for its end; a server given by URL keeps running. A second call does nothing. */
  stop(): Promise<void>;
  /** Sends SIGKILL to a server that is a process of its own, and waits for its end. */
  readonly kill?: () => Promise<void>;
}
