/** Codes of Node's errors by what they mean to the owner of an endpoint. */
const meanings: Readonly<Record<string, string>> = {
  ADDRESS_NOT_PUBLIC: 'address-refused',
  ENOTFOUND: 'unknown-host',
  EAI_AGAIN: 'unknown-host',
  ENODATA: 'unknown-host',
  ECONNREFUSED: 'connection-refused',
  ECONNRESET: 'connection-reset',
  EPIPE: 'connection-reset',
  ETIMEDOUT: 'timeout',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
};

/** Returns one word for an error on the way to a receiver. Its own words could hold the address, and are dropped. */
export function faultOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (meanings[code] !== undefined) return meanings[code];
  if (/CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO|DEPTH_ZERO|EPROTO/.test(code)) return 'tls';
  if (code.startsWith('HPE_')) return 'not-http';
  return 'network';
}
