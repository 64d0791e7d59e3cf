import type { RedisGuides, RedisHost } from '@darkroom/contracts';
import { Redis, type RedisOptions } from 'ioredis';
import type { FindPrimary } from './guided-connector.ts';
import { prepareSockets } from './prepare-sockets.ts';

/** Longest time for one question. A guide may be frozen. */
const LIMIT_MS = 1000;
/** Nodes of a cluster that are asked at the same time. */
const ASKED_AT_ONCE = 3;
const MOST_HOPS = 4;
/** Most nodes that are remembered beside those of the address; the oldest go first. */
const MOST_NAMED = 16;

/** Login and TLS of the guides. */
type Login = Pick<RedisOptions, 'username' | 'password' | 'tls'>;

/** Sends one command to a server over a connection of its own. */
type Ask = (host: RedisHost, command: string, ...args: string[]) => Promise<unknown>;

const createAsk =
  (login: Login): Ask =>
  async ({ host, port }, command, ...args) => {
    const client = new Redis({
      ...login,
      host,
      port,
      lazyConnect: true,
      enableReadyCheck: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
      connectTimeout: LIMIT_MS,
      commandTimeout: LIMIT_MS,
      socketTimeout: LIMIT_MS,
      disconnectTimeout: LIMIT_MS,
    });
    let met: unknown;
    client.on('error', (error: unknown) => (met = error));
    prepareSockets(client);
    try {
      await client.connect();
      return await client.call(command, ...args);
    } catch (error) {
      throw met ?? error;
    } finally {
      client.disconnect();
    }
  };

/**
 * Makes the search for the primary.
 * @param key A key of the store: a node of a cluster answers it, or names the node that owns its slot.
 */
export function createFindPrimary(guides: RedisGuides, login: Login, key: string): FindPrimary {
  const ask = createAsk(login);
  return guides.kind === 'sentinel' ? askSentinels(guides.hosts, guides.name, ask) : askNodes(guides.hosts, key, ask);
}

function askSentinels(hosts: readonly RedisHost[], name: string, ask: Ask): FindPrimary {
  // The one that answered last is asked first.
  const order = [...hosts];
  return async () => {
    const errors: unknown[] = [];
    for (const sentinel of order.slice()) {
      try {
        const answer = await ask(sentinel, 'SENTINEL', 'get-master-addr-by-name', name);
        if (Array.isArray(answer)) {
          order.splice(order.indexOf(sentinel), 1);
          order.unshift(sentinel);
          return { host: String(answer[0]), port: Number(answer[1]) };
        }
        errors.push(new Error(`the sentinel ${sentinel.host}:${sentinel.port} knows no primary "${name}"`));
      } catch (error) {
        errors.push(error);
      }
    }
    throw new AggregateError(errors, 'no sentinel named the primary');
  };
}

/**
 * Asks nodes for a key. It needs no right beyond that key, and a node that is asked answers for itself: one that was demoted, or that lost
 * its cluster, does not take the key. Asks in no order, because one of them may be frozen.
 *
 * A node that holds the key goes before one that lacks it: at an address that a node has left, another Redis may answer. Nodes that others named
 * are asked later too, because those of the address may be gone by then; such a node is forgotten once the primary is found without it.
 */
export function askNodes(hosts: readonly RedisHost[], key: string, ask: Ask): FindPrimary {
  let named: RedisHost[] = [];
  const follow = async (node: RedisHost, hops = MOST_HOPS): Promise<{ node: RedisHost; isHolder: boolean }> => {
    try {
      return { node, isHolder: (await ask(node, 'EXISTS', key)) === 1 };
    } catch (error) {
      const owner = readMoved(error, node);
      if (owner === undefined || hops === 0) throw error;
      return follow(owner, hops - 1);
    }
  };
  return async () => {
    const errors: unknown[] = [];
    const useless = new Set<RedisHost>();
    let empty: RedisHost | undefined;
    const askOne = async (asked: RedisHost): Promise<RedisHost> => {
      try {
        const { node, isHolder } = await follow(asked);
        if (isHolder) return node;
        if (node !== asked || !named.includes(asked)) empty = node;
        throw new Error(`the node ${node.host}:${node.port} does not hold "${key}"`);
      } catch (error) {
        useless.add(asked);
        throw error;
      }
    };
    const nodes = shuffle([...hosts, ...named]);
    for (let at = 0; at < nodes.length; at += ASKED_AT_ONCE) {
      try {
        const owner = await Promise.any(nodes.slice(at, at + ASKED_AT_ONCE).map(askOne));
        const isOther = (node: RedisHost): boolean => node.host !== owner.host || node.port !== owner.port;
        named = named.filter((node) => !useless.has(node) && isOther(node));
        if (hosts.every(isOther)) named = [...named, owner].slice(-MOST_NAMED);
        return owner;
      } catch (error) {
        errors.push(...(error instanceof AggregateError ? (error.errors as unknown[]) : [error]));
      }
    }
    // A store that is not open yet, or that lost its memory.
    if (empty !== undefined) return empty;
    throw new AggregateError(errors, 'no node of the cluster named the owner of the slot');
  };
}

/** Reads the node that "MOVED <slot> <host>:<port>" names. A node that knows no name for itself and its neighbours leaves the host out. */
export function readMoved(error: unknown, asked: RedisHost): RedisHost | undefined {
  const [, host, port] = /^MOVED \d+ (\S*):(\d+)/.exec(error instanceof Error ? error.message : '') ?? [];
  if (port === undefined) return undefined;
  return { host: host === undefined || host === '' || host === '?' ? asked.host : host, port: Number(port) };
}

function shuffle<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
