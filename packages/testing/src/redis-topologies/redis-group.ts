import { Redis } from 'ioredis';
import type { OwnRedis } from '../own-redis.ts';

/** Several servers that belong together, each a process on this machine. */
export interface RedisGroup extends AsyncDisposable {
  /** Makes the address of the group for a user. */
  address(user?: string, password?: string): string;
  /** Returns the server that is the primary of the keys of a prefix now. */
  primary(prefix: string): Promise<OwnRedis>;
}

/** Starts servers one after another, so that each finds a port of its own, and stops those that started if one does not. */
export async function startEach(servers: readonly OwnRedis[]): Promise<void> {
  try {
    for (const server of servers) await server.start();
  } catch (error) {
    await stopEach(servers);
    throw error;
  }
}

export const stopEach = async (servers: readonly OwnRedis[]): Promise<void> =>
  void (await Promise.all(servers.map((server) => server[Symbol.asyncDispose]())));

export const portOf = ({ url }: OwnRedis): number => Number(new URL(url).port);

/** Builds the part of an address before the hosts. */
export const loginOf = (user?: string, password = ''): string => (user === undefined ? '' : `${user}:${password}@`);

/** @throws while a replica has not copied its primary. */
export async function checkInStep(url: string): Promise<void> {
  const client = new Redis(url);
  try {
    if (!(await client.info('replication')).includes('master_link_status:up')) throw new Error('a replica is not in step yet');
  } finally {
    client.disconnect();
  }
}
