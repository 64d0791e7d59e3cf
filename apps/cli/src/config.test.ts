import { ConfigError } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { isRealMoney, loadConfig } from './config.ts';

test('an empty environment asks for embedded stores', () => {
  expect(loadConfig({ REDIS_URL: '', RUNWARE_API_KEY: ' ' })).toMatchObject({ redis: undefined, s3: undefined, runware: undefined });
});

test('in an existing Redis a start has keys of its own, so that no emulator serves the jobs of another Darkroom', () => {
  expect(loadConfig({ REDIS_URL: 'redis://h' }).redis).toEqual({ url: 'redis://h', prefix: '{darkroom-start}' });
  expect(loadConfig({ REDIS_URL: 'redis://h', DARKROOM_PREFIX: '{mine}' }).redis?.prefix).toBe('{mine}');
});

test('an existing S3 needs all of its settings', () => {
  expect(loadConfig({ S3_ENDPOINT: 'http://h', S3_BUCKET: 'bucket', S3_ACCESS_KEY_ID: 'i', S3_SECRET_ACCESS_KEY: 's' }).s3).toMatchObject({
    bucket: 'bucket',
  });
  expect(() => loadConfig({ S3_ENDPOINT: 'http://h' })).toThrow(ConfigError);
});

test('with a key images are bought from Runware, under keys that no emulator serves', () => {
  const config = loadConfig({ RUNWARE_API_KEY: 'k', REDIS_URL: 'redis://h', WEBHOOK_BASE_URL: 'https://a.example.com/' });
  expect(config.runware).toEqual({ apiKey: 'k', url: 'https://api.runware.ai/v1' });
  expect(config.redis?.prefix).toBe('{darkroom-laptop}');
  expect(config.webhookBaseUrl).toBe('https://a.example.com');
  expect(loadConfig({ RUNWARE_API_KEY: 'k', S3_BUCKET: 'mine' }).s3).toMatchObject({ bucket: 'mine' });
});

test('a provider on this machine costs no real money', () => {
  expect(isRealMoney({ apiKey: 'k', url: 'https://api.runware.ai/v1' })).toBe(true);
  expect(isRealMoney({ apiKey: 'k', url: 'http://127.0.0.1:8787/v1' })).toBe(false);
});

test('without RUNWARE_API_KEY a bucket without an endpoint is not used', () => {
  expect(loadConfig({ S3_BUCKET: 'production' }).s3).toBeUndefined();
});
