import { ConfigError } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { loadWorkerConfig } from './config.ts';

const env = { REDIS_URL: 'redis://127.0.0.1:6379', S3_BUCKET: 'darkroom', RUNWARE_API_KEY: 'rw-key' };

test('a worker fetches images from Runware only, unless the operator names other hosts', () => {
  expect(loadWorkerConfig(env).worker.imageHosts).toBeUndefined();
  expect(loadWorkerConfig({ ...env, RUNWARE_IMAGE_HOSTS: 'im.runware.ai, IM2.runware.ai:8443' }).worker.imageHosts).toEqual([
    'im.runware.ai',
    'IM2.runware.ai:8443',
  ]);
});

test.for([
  'https://im.runware.ai',
  'im.runware.ai/',
  'im.runware.ai,',
  'im runware.ai',
  '*.runware.ai/x',
  'user@im.runware.ai',
  '0x7f.1',
  'a:99999',
])('the start refuses an image host that no address would match: "%s"', (hosts) => {
  expect(() => loadWorkerConfig({ ...env, RUNWARE_IMAGE_HOSTS: hosts })).toThrow(ConfigError);
  expect(() => loadWorkerConfig({ ...env, RUNWARE_IMAGE_HOSTS: hosts })).toThrow(
    'RUNWARE_IMAGE_HOSTS: must be host names, separated by commas',
  );
});
