import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { describe, expect, inject, test } from 'vitest';
import { startRedis, type LocalRedis } from '../src/index.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const compiled = new URL('../dist/index.js', import.meta.url).href;

/** Starts a Redis and hangs. */
const PROGRAM = `
  const { startRedis } = await import(${JSON.stringify(compiled)});
  const redis = await startRedis({ dir: process.argv[1], cacheDir: process.argv[2], environment: process.env });
  process.send({ url: redis.url, pid: redis.pid });
  setInterval(() => {}, 1000);
`;

describe.skipIf(inject('redisKind') === 'js')('a Redis in a process of its own (needs valkey, redis or Debian packages)', () => {
  test('that outlived its killed owner ends at the next start, which has its data', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'local-stack-redis-'));
    const cacheDir = join(root, '.local');
    const owner = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, dir, cacheDir], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    let next: LocalRedis | undefined;
    try {
      // The program's own message.
      const [orphan] = (await once(owner, 'message')) as [{ url: string; pid: number }];
      const client = new Redis(orphan.url, { retryStrategy: () => null });
      await client.set('bought', 'image');
      client.disconnect();
      owner.kill('SIGKILL');
      await once(owner, 'exit');
      expect(process.kill(orphan.pid, 0)).toBe(true);

      next = await startRedis({ dir, cacheDir, environment: process.env });
      const late = new Redis(orphan.url, { retryStrategy: () => null, lazyConnect: true }).on('error', () => undefined);
      await expect(late.connect()).rejects.toThrow();
      const again = new Redis(next.url);
      expect(await again.get('bought')).toBe('image');
      again.disconnect();
    } finally {
      owner.kill('SIGKILL');
      await next?.stop();
      await rm(dir, { recursive: true });
    }
  });
});
