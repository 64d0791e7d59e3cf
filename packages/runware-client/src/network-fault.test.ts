import { expect, test } from 'vitest';
import { networkCodeOf, networkMessageOf, wasSurelyNotSent } from './network-fault.ts';

const systemError = (code: string, syscall: string): Error => Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
const fetchFailed = (cause: unknown): Error => new TypeError('fetch failed', { cause });

test.each([
  ['ECONNREFUSED', 'connect'],
  ['EHOSTUNREACH', 'connect'],
  ['ENETUNREACH', 'connect'],
  ['ETIMEDOUT', 'connect'],
  ['ENOTFOUND', 'getaddrinfo'],
  ['EAI_AGAIN', 'getaddrinfo'],
])('%s of %s was not sent', (code, syscall) => {
  expect(wasSurelyNotSent(fetchFailed(systemError(code, syscall)))).toBe(true);
});

test.each([
  ['ECONNRESET', 'read'],
  ['EPIPE', 'write'],
  ['EHOSTUNREACH', 'read'],
  ['ETIMEDOUT', 'read'],
])('%s of %s may have been sent', (code, syscall) => {
  expect(wasSurelyNotSent(fetchFailed(systemError(code, syscall)))).toBe(false);
});

test.each(['UND_ERR_CONNECT_TIMEOUT', 'CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID', 'SELF_SIGNED_CERT_IN_CHAIN'])(
  '%s was not sent',
  (code) => {
    expect(wasSurelyNotSent(fetchFailed(Object.assign(new Error('x'), { code })))).toBe(true);
  },
);

test.each(['UND_ERR_SOCKET', 'UND_ERR_HEADERS_TIMEOUT', 'ERR_SSL_SSLV3_ALERT_BAD_RECORD_MAC'])('%s may have been sent', (code) => {
  expect(wasSurelyNotSent(fetchFailed(Object.assign(new Error('x'), { code })))).toBe(false);
});

test('a request surely did not arrive if all of its addresses failed to connect', () => {
  const refused = systemError('ECONNREFUSED', 'connect');
  expect(wasSurelyNotSent(fetchFailed(new AggregateError([refused, systemError('ENETUNREACH', 'connect')])))).toBe(true);
  expect(wasSurelyNotSent(fetchFailed(new AggregateError([refused, systemError('ECONNRESET', 'read')])))).toBe(false);
  expect(wasSurelyNotSent(new AggregateError([]))).toBe(false);
});

test('returns code and message of the innermost cause', () => {
  const error = fetchFailed(new AggregateError([systemError('ECONNREFUSED', 'connect')]));
  expect(networkCodeOf(error)).toBe('ECONNREFUSED');
  expect(networkMessageOf(error)).toBe('connect ECONNREFUSED');
  expect(networkCodeOf('text')).toBe('UNKNOWN');
});
