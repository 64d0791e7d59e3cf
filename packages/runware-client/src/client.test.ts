import { ConfigError } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { createRunwareClient } from './client.ts';

const config = { url: 'https://api.runware.ai/v1', apiKey: 'rw-key', requestTimeoutMs: 1000, maxImageBytes: 1000 };
const create = (more: Partial<typeof config>) => createRunwareClient({ ...config, ...more }, { now: () => 0 });

test.each([
  [{ url: '' }],
  [{ url: 'api.runware.ai' }],
  [{ url: 'ftp://api.runware.ai' }],
  [{ apiKey: '' }],
  [{ apiKey: 'rw-key\n' }],
  [{ apiKey: 'rw key' }],
])('%o is refused before anything is bought', (more) => {
  expect(() => create(more)).toThrow(ConfigError);
});

test('lists all problems at once, without the key or the address', () => {
  const attempt = (): unknown => create({ url: 'u:secret@nowhere', apiKey: 'secret key' });
  expect(attempt).toThrow(/url: .*\n.*apiKey/s);
  expect(attempt).not.toThrow(/secret/);
});
