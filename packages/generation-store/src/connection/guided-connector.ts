import { connect as connectTcp, Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import type { RedisHost } from '@darkroom/contracts';
import { AbstractConnector } from 'ioredis';

/** Finds the server that a connection must reach, by asking others. */
export type FindPrimary = () => Promise<RedisHost>;

type Connector = new () => AbstractConnector;

/**
 * Makes the connector of a connection whose address names guides: each attempt asks them for the primary. All keys of a Darkroom lie in one
 * slot, so one node of a cluster holds them all, and a plain connection to it does what it does elsewhere: scripts, transactions, walks
 * through keys, `INFO`, subscriptions and the blocking reads of BullMQ (docs/decisions/0013-redis-by-guides.md).
 */
export function createGuidedConnector(find: FindPrimary, tls: ConnectionOptions | undefined, disconnectTimeoutMs: number): Connector {
  return class GuidedConnector extends AbstractConnector {
    constructor() {
      super(disconnectTimeoutMs);
    }
    /** Sentinels and nodes may still name a primary that has just been demoted. */
    override check({ role }: { role?: string }): boolean {
      return role === undefined || role === 'master';
    }
    override async connect(): Promise<Socket> {
      this.connecting = true;
      delete this.firstError;
      try {
        const { host, port } = await find();
        // `disconnect` was called meanwhile: the closed stream makes ioredis do what it would have done at once.
        if (!this.connecting) return closedStream();
        this.stream = tls === undefined ? connectTcp({ host, port }) : connectTls({ ...tls, host, port });
      } catch (error) {
        // A rejection would end the connection for good; a stream that is closed with an error is tried again.
        this.firstError = error instanceof Error ? error : new Error(String(error));
        return closedStream();
      }
      this.stream.on('error', (error: Error) => (this.firstError ??= error));
      return this.stream;
    }
  };
}

const closedStream = (): Socket => new Socket().destroy();
