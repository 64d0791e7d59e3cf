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
      const written = said.split('\n').filter((word) => word !== '');
      return {
        code,
        signal,
        said: written.filter((line) => !line.startsWith('{')),
        lines: written.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Record<string, unknown>),
        complained,
      };
    },
  };
}

test.for(['SIGTERM', 'SIGINT'] as const)('%s stops the service, and the process ends by itself with 0', async (signal) => {
  const running = startProgram('orderly');
  await running.said('started');
  running.signal(signal);
  expect(await running.ended()).toMatchObject({ code: 0, signal: null, said: ['started', 'stop'], complained: '' });
});

test('lists all wrong settings in one line of JSON and exits with 1', async () => {
  const { code, said, lines, complained } = await startProgram('wrong-settings').ended();
  expect({ code, said, complained }).toEqual({ code: 1, said: [], complained: '' });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({
    level: 'error',
    name: 'test',
    code: 'config.invalid',
    msg: 'cannot start: 2 settings are wrong',
    problems: [
      { path: 'REDIS_URL', message: 'is missing, and must be a URL' },
      { path: 'PORT', message: 'must be a whole number', given: '"http"' },
    ],
  });
});

test('logs any other error of a start with its cause, without a password', async () => {
  const { code, lines, complained } = await startProgram('no-start').ended();
  expect({ code, complained }).toEqual({ code: 1, complained: '' });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({
    msg: 'cannot start',
    err: { message: 'cannot listen', cause: { message: 'port taken, see redis://[redacted]@127.0.0.1' } },
  });
});

test('a signal ends a start that would wait forever', async () => {
  const running = startProgram('endless-start');
  await running.said('started');
  running.signal('SIGTERM');
  expect(await running.ended()).toMatchObject({ code: 0, said: ['started', 'stop'] });
});

test('stops a service that does not start, and logs its error', async () => {
  const { code, said, lines } = await startProgram('failed-start').ended();
  expect({ code, said }).toEqual({ code: 1, said: ['stop'] });
  const version = expect.stringMatching(/^\d+\.\d+\.\d+$/) as string;
  expect(lines).toMatchObject([
    { event: 'process.starts', version, msg: 'starting' },
    { version, msg: 'cannot start', err: { message: 'cannot do without a bucket' } },
  ]);
});

test('output of libraries and Node, and an uncaught error, are lines of JSON', async () => {
  const { code, said, lines, complained } = await startProgram('noisy').ended();
  expect({ code, said, complained }).toEqual({ code: 1, said: [], complained: '' });
  expect(lines).toEqual([
    expect.objectContaining({ event: 'process.starts' }),
    expect.objectContaining({ level: 'info', source: 'console', msg: 'printed 1' }),
    expect.objectContaining({ level: 'warn', source: 'console', msg: 'IMPORTANT! printed' }),
    expect.objectContaining({ level: 'error', source: 'console', msg: expect.stringContaining('printed error') }),
    expect.objectContaining({ level: 'warn', source: 'node', warning: 'DeprecationWarning', msg: 'old' }),
    expect.objectContaining({ level: 'error', msg: 'an error reached no caller; exiting' }),
  ]);
});

test('a second signal makes a slow stop hurry', async () => {
  const running = startProgram('slow-stop');
  await running.said('started');
  running.signal('SIGTERM');
  await running.said('stop');
  running.signal('SIGINT');
  expect(await running.ended()).toMatchObject({ code: 1, said: ['started', 'stop', 'hurry'] });
});

test('a repetition of the signal does not make it hurry, the end of the drain time does', async () => {
  const running = startProgram('slow-stop', 400);
  await running.said('started');
  running.signal('SIGINT');
  await running.said('stop');
  running.signal('SIGINT');
  const start = performance.now();
  expect(await running.ended()).toMatchObject({ code: 1, said: ['started', 'stop', 'hurry'] });
  expect(performance.now() - start).toBeGreaterThan(150);
});

test('exits with 1 if a stop never ends', async () => {
  const running = startProgram('stuck-stop', 50);
  await running.said('started');
  running.signal('SIGTERM');
  expect(await running.ended()).toMatchObject({ code: 1, signal: null, said: ['started', 'stop'] });
});

test('the process ends although a service left something open', async () => {
  const running = startProgram('left-open');
  await running.said('started');
  running.signal('SIGTERM');
  expect(await running.ended()).toMatchObject({ code: 0, signal: null, said: ['started', 'stop'] });
});

test('a signal after the end of the stop does not change the exit code', async () => {
  const running = startProgram('left-open');
  await running.said('started');
  running.signal('SIGTERM');
  await running.said('stop');
  running.signal('SIGTERM');
  expect(await running.ended()).toMatchObject({ code: 0, signal: null });
});

test('a failed stop exits with 1', async () => {
  const running = startProgram('failed-stop');
  await running.said('started');
  running.signal('SIGTERM');
  expect(await running.ended()).toMatchObject({ code: 1, signal: null });
});
