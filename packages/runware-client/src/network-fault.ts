import { defined } from '@darkroom/contracts';
/**
 * Returns true if no connection was made, so that certainly nothing was bought. In doubt the request counts as sent: searching for a
 * purchase in vain costs a wait, buying twice costs money.
 */
export function wasSurelyNotSent(error: unknown): boolean {
  const { code, syscall, message } = featuresOf(error);
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return true;
  if (code !== undefined && CERTIFICATE_OR_HANDSHAKE.has(code)) return true;
  // An established connection raises the same codes, but in the system call "read" or "write".
  if (syscall === 'connect' && code !== undefined && CONNECT.has(code)) return true;
  if (syscall === 'getaddrinfo') return true;
  if (message !== undefined && HANDSHAKE_MESSAGES.test(message)) return true;
  // One error for each address tried: all of them must have failed to connect.
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(wasSurelyNotSent);
  return error instanceof Error && error.cause !== undefined && wasSurelyNotSent(error.cause);
}

/** Returns the first code in the chain of causes, such as "ECONNRESET"; "UNKNOWN" if there is none. */
export function networkCodeOf(error: unknown): string {
  const { code } = featuresOf(error);
  if (code !== undefined) return code;
  if (error instanceof AggregateError && error.errors.length > 0) return networkCodeOf(error.errors[0]);
  return error instanceof Error && error.cause !== undefined ? networkCodeOf(error.cause) : 'UNKNOWN';
}

/** Returns the message of the innermost cause: fetch itself only says "fetch failed". */
export function networkMessageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return networkMessageOf(error.errors[0]);
  if (!(error instanceof Error)) return 'an unknown error';
  return error.cause instanceof Error ? networkMessageOf(error.cause) : error.message;
}

/** System errors of connect(2) (Node.js docs, "Common system errors"). */
const CONNECT = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'EHOSTDOWN', 'ENETDOWN', 'ETIMEDOUT']);

/**
 * Refused certificates (Node.js docs, "TLS/SSL errors", X.509 codes) and failed handshakes. Excludes every alert that an established
 * connection can raise too.
 */
const CERTIFICATE_OR_HANDSHAKE = new Set([
  'CERT_CHAIN_TOO_LONG',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
  'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
  'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  'ERR_SSL_UNSUPPORTED_PROTOCOL',
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

// Node's message for a connection that ended inside the handshake; its code is the ambiguous ECONNRESET. If Node changes the message,
// the request counts as sent, which is the safe side.
const HANDSHAKE_MESSAGES = /before secure TLS connection was established/;

interface ErrorFeatures {
  code?: string;
  syscall?: string;
  message?: string;
}

function featuresOf(error: unknown): ErrorFeatures {
  if (typeof error !== 'object' || error === null) return {};
  const textOf = (name: keyof ErrorFeatures): string | undefined => {
    const value: unknown = Reflect.get(error, name);
    return typeof value === 'string' ? value : undefined;
  };
  return defined({ code: textOf('code'), syscall: textOf('syscall'), message: textOf('message') });
}
