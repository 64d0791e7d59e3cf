import { expect, test } from 'vitest';
import { needsNewConnection, ranNothing, redisTroubleOf } from './redis-trouble.ts';

const withCode = (message: string, code: string): Error => Object.assign(new Error(message), { code });

test.each([
  ["READONLY You can't write against a read only replica.", 'read-only'],
  ["READONLY You can't write against a read only replica. script: 8f, on @user_script:1.", 'read-only'],
  ["ERR Error running script (call to f_1): @user_script:1: -READONLY You can't write against a read only replica.", 'read-only'],
  ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", 'read-only'],
  ['UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)', 'read-only'],
  ["OOM command not allowed when used memory > 'maxmemory'. script: 8f, on @user_script:1.", 'full'],
  ['MISCONF Redis is configured to save RDB snapshots', 'disk'],
  ['NOREPLICAS Not enough good replicas to write.', 'no-replicas'],
  ['LOADING Redis is loading the dataset in memory', 'loading'],
  ['BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.', 'busy'],
  ['UNKILLABLE Sorry the script already executed write commands', 'busy'],
  ['MOVED 3999 127.0.0.1:6381', 'cluster'],
  ['CLUSTERDOWN Hash slot not served', 'cluster'],
  ["NOPERM User worker has no permissions to run the 'set' command", 'no-permission'],
  ['NOPERM No permissions to access a channel', 'no-permission'],
  ["ERR The user executing the script can't publish to the channel mentioned in the command script: 8f", 'no-permission'],
  ['NOAUTH Authentication required.', 'unauthenticated'],
  ['WRONGPASS invalid username-password pair or user is disabled.', 'unauthenticated'],
  ["ERR unknown command 'evalsha', with args beginning with: '8f'", 'sentinel'],
  ['ERR DB index is out of range', 'wrong-database'],
  ['ERR max number of clients reached', 'too-many-clients'],
  ["Socket timeout. Expecting data, but didn't receive any in 2000ms.", 'silent'],
  ['Command timed out', 'timeout'],
  ["Stream isn't writeable and enableOfflineQueue options is false", 'closed'],
  ['something else', 'unknown'],
] as const)('%s is "%s"', (message, reason) => {
  expect(redisTroubleOf(new Error(message))).toEqual({ reason, words: message });
});

test.each([
  [withCode('getaddrinfo ENOTFOUND redis.nowhere', 'ENOTFOUND'), 'unknown-host'],
  [withCode('connect ECONNREFUSED 127.0.0.1:1', 'ECONNREFUSED'), 'refused'],
  [withCode('', 'ECONNREFUSED'), 'refused'],
  [withCode('self-signed certificate in certificate chain', 'SELF_SIGNED_CERT_IN_CHAIN'), 'tls'],
  [withCode('write EPROTO 00:error:0A00010B:SSL routines:ssl3_get_record:wrong version number', 'EPROTO'), 'tls'],
  [withCode('read ECONNRESET', 'ECONNRESET'), 'closed'],
  [new AggregateError([withCode('connect ECONNREFUSED ::1:1', 'ECONNREFUSED')], ''), 'refused'],
  [new Error('reached the max retries per request limit', { cause: withCode('connect ECONNREFUSED ::1:1', 'ECONNREFUSED') }), 'refused'],
  [
    Object.assign(new Error('EXECABORT Transaction discarded because of previous errors.'), {
      previousErrors: [new Error('OOM command not allowed')],
    }),
    'full',
  ],
] as const)('the error of the network, of a transaction or of a retry is told by what it holds: %s', (error, reason) => {
  expect(redisTroubleOf(error).reason).toBe(reason);
});

test('a new connection is made where the node is the wrong one, and not where waiting is all that helps', () => {
  for (const name of ['READONLY', 'MASTERDOWN', 'UNBLOCKED', 'LOADING', 'NOAUTH', 'MOVED'])
    expect(needsNewConnection(new Error(`${name} words`)), name).toBe(true);
  for (const name of ['OOM', 'MISCONF', 'BUSY', 'NOPERM', 'WRONGPASS', 'ERR'])
    expect(needsNewConnection(new Error(`${name} words`)), name).toBe(false);
});

test('a text of a million letters is told at once, and bounded', () => {
  const startedAt = performance.now();
  const { words } = redisTroubleOf(new Error(`${'-'.repeat(500_000)} ${'a '.repeat(250_000)}`));
  expect(performance.now() - startedAt).toBeLessThan(50);
  expect(words.length).toBeLessThan(400);
});

test('a server without scripts, such as a sentinel, has run nothing', () => {
  expect(ranNothing(new Error("ERR unknown command 'evalsha', with args beginning with: '8f'"))).toBe(true);
  expect(ranNothing(new Error('ERR something else'))).toBe(false);
});
