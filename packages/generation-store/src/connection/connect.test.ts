import { ConfigError } from '@darkroom/contracts';
import { expect, inject, test } from 'vitest';
import { connectFailFast, connectPatient, connectSubscriber } from './connect.ts';

const connects = { connectFailFast, connectPatient, connectSubscriber };

test.each(Object.entries(connects))('%s lets no query decide over the connection, and guesses at no database', (_name, connect) => {
  for (const tail of ['?keyPrefix=x', '/0?enableOfflineQueue=true&db=2', '/3x', '/1/2', '/abc', '/-1']) {
    expect(() => connect(`redis://127.0.0.1:1${tail}`).disconnect(), tail).toThrow(ConfigError);
  }
});

test('a connection speaks to the database, as the user and with the password that the address names', async () => {
  const { port } = new URL(inject('redisUrl'));
  const admin = connectPatient(inject('redisUrl'));
  const password = 'p%41/?#@:';
  await admin.call('ACL', 'SETUSER', 'address-test', 'on', `>${password}`, '+@all', '~*');
  const redis = connectPatient(` redis://address-test:${encodeURIComponent(password)}@127.0.0.1:${port}/3\n`);
  try {
    expect(await redis.call('ACL', 'WHOAMI')).toBe('address-test');
    expect(await redis.client('INFO')).toMatch(/ db=3 /);
  } finally {
    await admin.call('ACL', 'DELUSER', 'address-test');
    redis.disconnect();
    admin.disconnect();
  }
});

test('an address with rediss:// is spoken to with TLS', () => {
  const redis = connectFailFast('rediss://127.0.0.1:1');
  expect(redis.options.tls).toEqual({});
  redis.disconnect();
});
