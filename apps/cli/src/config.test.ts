import { ConfigError } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { loadConfig } from './config.ts';

test('an empty environment asks for embedded stores', () => {
  expect(loadConfig({ REDIS_URL: '', RUNWARE_API_KEY: ' ' })).toMatchObject({ redis: undefined, s3: undefined, hasRunwareKey: false });
});

test('a Redis that was given gets keys of its own, so that an emulator never serves what another Darkroom has queued', () => {
  expect(loadConfig({ REDIS_URL: 'redis://h' }).redis).toEqual({ url: 'redis://h', prefix: '{darkroom-start}' });
  expect(loadConfig({ REDIS_URL: 'redis://h', DARKROOM_PREFIX: '{mine}' }).redis?.prefix).toBe('{mine}');
});

test('an S3 that was given must be named as a whole', () => {
  expect(loadConfig({ S3_ENDPOINT: 'http://h', S3_BUCKET: 'b', S3_ACCESS_KEY_ID: 'i', S3_SECRET_ACCESS_KEY: 's' }).s3).toMatchObject({
    bucket: 'b',
  });
  expect(() => loadConfig({ S3_ENDPOINT: 'http://h' })).toThrow(ConfigError);
});

test('a bucket without an endpoint is of another program, and is left alone', () => {
  expect(loadConfig({ S3_BUCKET: 'production' }).s3).toBeUndefined();
});
