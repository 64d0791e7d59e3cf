import { readRedisAddress, type RedisHost } from '@darkroom/contracts';

/** Names a Redis by its address, without its password: "rediss://worker@redis.internal:6379/2", "redis-sentinel://s1:26379,s2:26379/mymaster". */
export function describeRedisAddress(url: string): string {
  const address = readRedisAddress(url);
  if ('problem' in address) return 'an address that cannot be read';
  const { isTls, username, guides, db } = address;
  const user = username === undefined ? '' : `${username}@`;
  const hosts = (guides?.hosts ?? [address]).map(nameOf).join(',');
  const name = guides?.kind === 'sentinel' ? `/${guides.name}` : '';
  return `${isTls ? 'rediss' : 'redis'}${guides === undefined ? '' : `-${guides.kind}`}://${user}${hosts}${name}${db === 0 ? '' : `/${db}`}`;
}

const nameOf = ({ host, port }: RedisHost): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;
