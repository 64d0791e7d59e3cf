import { expect, test } from 'vitest';
import { isAlive, runProgram } from '../src/index.ts';

/** Starts a program that ignores SIGTERM, prints its id and exits. */
const PARENT = `
  const { startProgram } = await import(${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)});
  const script = "process.on('SIGTERM', () => {}); console.log('runs'); setInterval(() => {}, 1000);";
  const program = startProgram({ name: 'child', args: ['--eval', script], environment: {}, hasOwnGroup: true });
  await program.untilReady(async () => (program.output().includes('runs') ? undefined : { what: 'nothing printed' }), 20_000);
  process.stdout.write(String(program.child.pid), () => process.exit(7));
`;

test('a program does not outlive an exit of the process that started it', async () => {
  const { code, output } = await runProgram({ name: 'parent', args: ['--input-type=module', '--eval', PARENT], environment: {} });
  expect({ code, output }).toEqual({ code: 7, output: expect.stringMatching(/^\d+$/) });
  await expect.poll(() => isAlive(Number(output)), { timeout: 10_000 }).toBe(false);
});
