import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startProgram, type Program, type ProgramOptions } from '../src/index.ts';

/** Starts Node with a script, which the end of the test kills. */
function startScript(script: string, options: Partial<ProgramOptions> = {}): Program {
  const program = startProgram({ name: 'script', args: ['--eval', script], environment: {}, ...options });
  onTestFinished(() => program.kill());
  return program;
}

const untilPrinted = (program: Program, text: string): Promise<void> =>
  program.untilReady(() => Promise.resolve(program.output().includes(text) ? undefined : { what: 'nothing printed' }), 20_000);

const STUBBORN = "process.on('SIGTERM', () => {}); console.log('runs'); setInterval(() => {}, 1000);";

test('a stop kills a program that ignores SIGTERM at the limit, or at once if it must hurry', async () => {
  const [late, hurried] = [startScript(STUBBORN), startScript(STUBBORN)];
  await Promise.all([late, hurried].map((program) => untilPrinted(program, 'runs')));
  expect(late.isRunning()).toBe(true);
  await Promise.all([late.stop(100), hurried.stop(60_000, AbortSignal.abort())]);
  expect(await Promise.all([late.ended, hurried.ended])).toEqual(['by SIGKILL', 'by SIGKILL']);
  expect(late.isRunning()).toBe(false);
  expect(await late.stop(100)).toBeNull();
});

test('the error of a wait for an ended program holds its end and its last lines', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'local-stack-program-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const logFile = join(dir, 'script.log');
  const script = "for (let line = 1; line <= 20; line += 1) console.error('line ' + line); process.exitCode = 3;";
  const never = () => Promise.resolve({ what: 'it never is' });
  const logged = startScript(script, { logFile }).untilReady(never, 20_000);
  await expect(logged).rejects.toThrow(/^the script ended with exit code 3; the last lines of ".*script\.log":\n {2}line 6\n[^]*line 20$/);
  expect(await readFile(logFile, 'utf8')).toContain('line 1\n');
  await expect(startScript(script).untilReady(never, 20_000)).rejects.toThrow(/; it printed:\n {2}line 6\n/);
  await expect(startScript('', { command: '/no/such/program' }).untilReady(never, 20_000)).rejects.toThrow(
    /ended before it began: .*ENOENT/,
  );
});

test('a wait ends at its limit, and at once if the obstacle does not pass by itself', async () => {
  const program = startScript(STUBBORN);
  const missing = { what: 's3: no bucket' };
  await expect(program.untilReady(() => Promise.resolve(missing), 30)).rejects.toThrow('the script is not ready after 0 s: s3: no bucket');
  await expect(program.untilReady(() => Promise.resolve({ ...missing, isLasting: true }), 60_000)).rejects.toThrow('s3: no bucket');
});
