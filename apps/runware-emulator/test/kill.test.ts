import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { builtApp, eventually, freePort } from '@darkroom/testing';
import { expect, onTestFinished, test } from 'vitest';
import { readBill, type Emulator } from '../src/app.ts';
import { accountsOf } from './accounts.ts';
import { openInbox } from './inbox.ts';
import { asyncTask, newDirectory, quick, worldOf } from './world.ts';

const main = builtApp('runware-emulator');

/** Prepares an emulator in a process of its own, which must be compiled. */
async function setupProcess() {
  if (!existsSync(main)) throw new Error('the emulator is not compiled: npm run build');
  const directory = await newDirectory();
  const port = await freePort();
  const env = {
    PATH: process.env['PATH'],
    PORT: String(port),
    EMULATOR_API_KEY: 'key',
    EMULATOR_DIR: directory,
    FAULTS: JSON.stringify(quick),
  };
  let child: ChildProcess | undefined;
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    return child.exitCode;
  };
  const start = async (): Promise<string> => {
    let printed = '';
    const started = spawn(process.execPath, ['--enable-source-maps', main], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    child = started;
    started.stdout.on('data', (text: Buffer) => (printed += text.toString()));
    await eventually(() => expect(printed).toContain('switches'), { withinMs: 20_000 });
    return printed;
  };
  onTestFinished(async () => void (await end('SIGKILL')));
  const emulator: Emulator = {
    url: `http://127.0.0.1:${port}`,
    billFile: `${directory}/bill.jsonl`,
    start: async () => void (await start()),
    stop: async () => void (await end('SIGTERM')),
  };
  return { ...worldOf(emulator), emulator, start, end };
}

test('the process prints its address, its key and its files, and exits on SIGTERM', async () => {
  const { emulator, start, end } = await setupProcess();
  const printed = await start();
  for (const fact of [`${emulator.url}/v1`, 'API key            key', emulator.billFile, 'state.jsonl']) expect(printed).toContain(fact);
  expect(await end('SIGTERM')).toBe(0);
});

test('a killed and restarted emulator executes each accepted task once and delivers everything', { timeout: 60_000 }, async () => {
  const { emulator, start, end, post, bill } = await setupProcess();
  const inbox = await openInbox();
  const tasks = Array.from({ length: 30 }, () => asyncTask({ webhookURL: `${inbox.url}/hook`, uploadEndpoint: `${inbox.url}/put` }));
  await start();

  // The kills happen during the submissions; a submission without an answer is sent again, as the documentation of taskUUID allows.
  const submitAll = async (): Promise<void> => {
    for (const task of tasks) {
      await eventually(
        async () => {
          const { status, errors } = await post([task]);
          expect(status === 200 || errors[0]?.['code'] === 'conflictTaskUUID').toBe(true);
        },
        { withinMs: 30_000 },
      );
    }
  };
  const killThrice = async (): Promise<void> => {
    for (const count of [8, 18, 28]) {
      await eventually(
        async () =>
          expect((await readBill(emulator.billFile)).filter(({ kind }) => kind === 'acceptance').length).toBeGreaterThanOrEqual(count),
        {
          withinMs: 30_000,
        },
      );
      await end('SIGKILL');
      await start();
    }
  };
  await Promise.all([submitAll(), killThrice()]);

  const hooked = (): Set<unknown> => new Set(inbox.webhooks().map((body) => (body as { taskUUID: string }).taskUUID));
  await eventually(
    () => {
      expect(hooked().size).toBe(tasks.length);
      expect(new Set(inbox.uploads().map(({ body }) => body.toString('base64'))).size).toBe(tasks.length);
    },
    { withinMs: 30_000 },
  );
  const lines = await bill();
  const accounts = accountsOf(lines);
  expect([...accounts.keys()].toSorted()).toEqual(tasks.map(({ taskUUID }) => taskUUID).toSorted());
  for (const [taskUUID, { executions }] of accounts) expect(executions, taskUUID).toBe(1);
  const billed = lines.flatMap((line) => (line.kind === 'execution' ? line.images.map(({ sha256 }) => sha256) : []));
  const uploaded = new Set(inbox.uploads().map(({ body }) => createHash('sha256').update(body).digest('hex')));
  expect([...uploaded].toSorted()).toEqual(billed.toSorted());
});
