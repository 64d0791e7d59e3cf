import { afterEach, expect, test, vi } from 'vitest';
import { createObjectStorage } from '../src/index.ts';

const config = { bucket: 'darkroom', region: 'us-east-1', requestTimeoutMs: 1000, maxImageBytes: 1000 };

afterEach(() => vi.unstubAllEnvs());

test('given credentials do not end', async () => {
  const storage = createObjectStorage({ ...config, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } }, { now: Date.now });
  expect(await storage.credentialsExpireAt()).toBeUndefined();
  storage.close();
});

test('temporary credentials of the default chain have an end', async () => {
  const expiration = '2030-01-02T03:04:05.000Z';
  for (const [name, value] of Object.entries({
    ACCESS_KEY_ID: 'a',
    SECRET_ACCESS_KEY: 'b',
    SESSION_TOKEN: 'c',
    CREDENTIAL_EXPIRATION: expiration,
  })) {
    vi.stubEnv(`AWS_${name}`, value);
  }
  const storage = createObjectStorage(config, { now: Date.now });
  expect(await storage.credentialsExpireAt()).toBe(Date.parse(expiration));
  storage.close();
});
