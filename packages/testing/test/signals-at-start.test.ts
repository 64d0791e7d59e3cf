import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { repositoryRoot } from '../src/built-apps/built-apps.ts';

/** Sends the signal when the process has installed its handler, before it reads its settings, which are all missing. */
const signalAtOnce = (signal: NodeJS.Signals): string =>
  `process.on('newListener', (name) => name === '${signal}' && process.nextTick(() => process.kill(process.pid, '${signal}')))`;

test.for([
  ['worker', 'SIGTERM'],
  ['worker', 'SIGINT'],
  ['webhook-receiver', 'SIGTERM'],
  ['dashboard', 'SIGTERM'],
  ['eraser', 'SIGTERM'],
  ['api', 'SIGTERM'],
  ['notifier', 'SIGTERM'],
  ['runware-emulator', 'SIGTERM'],
] as const)('a %s that gets %s while it loads ends with exit code 0, and starts nothing', async ([app, signal]) => {
  const main = join(repositoryRoot, 'apps', app, 'dist', 'main.js');
  const preload = `data:text/javascript,${encodeURIComponent(signalAtOnce(signal))}`;
  const env = { PATH: process.env['PATH'], PORT: 'none' };
  const child = spawn(process.execPath, ['--import', preload, main], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = once(child, 'close');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code, killedBy] = (await closed) as [number | null, NodeJS.Signals | null]; // documented arguments of "close"
  expect({ code, killedBy, stdout, stderr }).toEqual({ code: 0, killedBy: null, stdout: '', stderr: '' });
});
