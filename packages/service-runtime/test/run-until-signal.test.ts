import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

// Real processes, which import the built packages, as apps do.
const program = fileURLToPath(new URL('programs/service.mjs', import.meta.url));

const LONG_MS = 20_000;

function startProgram(behaviour: string, drainMs = LONG_MS) {
  const child = spawn(process.execPath, [program, behaviour, String(drainMs)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let complained = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complained += text));
  const closed = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  return {
    signal: (name: NodeJS.Signals) => child.kill(name),
    said: (word: string) => expect.poll(() => said.split('\n'), { timeout: LONG_MS, interval: 10 }).toContain(word),
    async ended() {
      const [code, signal] = (await closed) as [number | null, NodeJS.Signals | null]; // documented arguments of "close"
      return { code, signal, said: said.split('\n').filter((word) => word !== ''), complained };
    },
  };
}

test.for(['SIGTERM', 'SIGINT'] as const)('%s stops the service, and the process ends by itself with 0', async (signal) => {
  const running = startProgram('orderly');
  await running.said('started');
  running.signal(signal);
  expect(await running.ended()).toEqual({ code: 0, signal: null, said: ['started', 'stop'], complained: '' });
});

test('wrong settings are all told, without a stack, and the exit code is 1', async () => {
  const { code, complained } = await startProgram('wrong-settings').ended();
  expect(code).toBe(1);
  expect(complained).toBe(
    'cannot start: 2 settings are wrong\n  REDIS_URL: is missing, and must be a URL\n  PORT: must be a whole number, got "http"\n',
  );
});

test('any other reason not to start is told with its cause, without a password', async () => {
  const { code, complained } = await startProgram('no-start').ended();
  expect(code).toBe(1);
  expect(complained).toMatch(/^cannot start: cannot listen: port taken, see redis:\/\/\[redacted\]@127\.0\.0\.1\n/);
});

test('a signal while the service starts stops it as soon as it has started', async () => {
  const running = startProgram('slow-start');
  await running.said('started');
  running.signal('SIGTERM');
  expect(await running.ended()).toMatchObject({ code: 0, said: ['started', 'stop'] });
});

test('a second signal makes a slow stop hurry', async () => {
  const running = startProgram('slow-stop');
  await running.said('started');
  running.signal('SIGTERM');
  await running.said('stop');
  running.signal('SIGINT');
  expect(await running.ended()).toMatchObject({ code: 1, said: ['started', 'stop', 'hurry'] });
});

test('the echo of a signal does not make it hurry, the end of the drain time does', async () => {
  const running = startProgram('slow-stop', 400);
  await running.said('started');
  running.signal('SIGINT');
  await running.said('stop');
  running.signal('SIGINT');
  const start = performance.now();
  expect(await running.ended()).toMatchObject({ code: 1, said: ['started', 'stop', 'hurry'] });
  expect(performance.now() - start).toBeGreaterThan(150);
});

test('a stop that never ends is ended from outside, with 1', async () => {
  const running = startProgram('stuck-stop', 50);
  await running.said('started');
  running.signal('SIGTERM');
  expect(await running.ended()).toMatchObject({ code: 1, signal: null, said: ['started', 'stop'] });
});

test('what a service left open does not keep the process', async () => {
  const running = startProgram('left-open');
  await running.said('started');
  running.signal('SIGTERM');
  expect(await running.ended()).toMatchObject({ code: 0, signal: null, said: ['started', 'stop'] });
});

test('a stop that fails is an exit code of 1', async () => {
  const running = startProgram('failed-stop');
  await running.said('started');
  running.signal('SIGTERM');
  expect(await running.ended()).toMatchObject({ code: 1, signal: null });
});
