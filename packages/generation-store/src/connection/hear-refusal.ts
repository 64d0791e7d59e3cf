import { defined } from '@darkroom/contracts';
import { connect } from 'node:net';
import type { RedisOptions } from 'ioredis';
import { redisTroubleOf, type RedisTrouble } from './redis-trouble.ts';

const LISTEN_MS = 500;
const MAX_LINE = 512;

/** Trouble of a server that closed a new connection silently. */
const closedWithoutWords: RedisTrouble = { reason: 'closed', words: 'a new connection was closed before Redis said anything' };

/**
 * Connects once, sends nothing and listens. A Redis that accepts no more clients, or none from outside, says so in one line and closes the
 * connection. In a normal connection ioredis has sent its first commands by then; the second breaks the pipe, and Node drops the unread
 * line.
 * @returns the words of Redis, or that there were none; undefined if the connection stayed open, or could not be made.
 */
export async function hearRefusal({ host, port, path, family, tls, Connector }: RedisOptions): Promise<RedisTrouble | undefined> {
  // Over TLS there are no words: Redis closes before the handshake. Behind guides the host is one of them.
  if (tls !== undefined || Connector !== undefined) return closedWithoutWords;
  return new Promise((resolve) => {
    const socket = connect(path === undefined ? { host: host ?? '127.0.0.1', port: port ?? 6379, ...defined({ family }) } : { path });
    let heard = '';
    let isConnected = false;
    const finish = (trouble: RedisTrouble | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(trouble);
    };
    const timer = setTimeout(() => finish(undefined), LISTEN_MS);
    timer.unref();
    socket.on('connect', () => (isConnected = true));
    socket.setEncoding('latin1').on('data', (text: string) => {
      heard += text;
      const [line = '', rest] = heard.split('\r\n', 2);
      if (rest !== undefined || heard.length > MAX_LINE)
        finish(line.startsWith('-') ? redisTroubleOf(new Error(line.slice(1))) : undefined);
    });
    // An error is followed by "close".
    socket.on('error', () => undefined).on('close', () => finish(isConnected ? closedWithoutWords : undefined));
  });
}
