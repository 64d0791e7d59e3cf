import { canReadUrl } from '@darkroom/contracts';

/** Names a Redis by its address, without its password: "rediss://worker@redis.internal:6379/2". */
export function describeRedisAddress(url: string): string {
  if (!canReadUrl(url)) return 'an address that cannot be read';
  const { protocol, username, hostname, port, pathname } = new URL(url);
  const user = username === '' ? '' : `${decodeUser(username)}@`;
  return `${protocol}//${user}${hostname}:${port === '' ? '6379' : port}${pathname === '/' ? '' : pathname}`;
}

function decodeUser(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
