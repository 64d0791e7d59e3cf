import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { deriveWebhookSecret, signNotification } from '@darkroom/contracts';
import { eventually } from '@darkroom/testing';
import { expect, onTestFinished, test } from 'vitest';

/** Receivers of `examples/webhook-receiver`, as they stand there. */
const folder = fileURLToPath(new URL('../../../examples/webhook-receiver/', import.meta.url));
const key = { id: 'k1', secret: 'a master key of more than thirty-two characters' };
const [old, fresh] = [1, 2].map((version) => deriveWebhookSecret(key, { tenant: 'acme', endpointId: 'we_1', version })) as [string, string];
const body = JSON.stringify({
  type: 'generation.succeeded',
  data: { eventId: 'an-event', generationId: 'a-generation', status: 'succeeded' },
});
const sign = (secrets: string[], secondsAgo = 0) =>
  signNotification(secrets, { id: 'an-event', timestamp: Math.floor(Date.now() / 1000) - secondsAgo, body });

/** A machine with Node alone runs the other one; CI has Python. */
const hasPython = (() => {
  try {
    return execFileSync('python3', ['--version']).length > 0;
  } catch {
    return process.env['CI'] !== undefined;
  }
})();

test.each([
  ['webhook-receiver.mjs', process.execPath, true],
  ['webhook_receiver.py', 'python3', hasPython],
] as const)('%s takes what is signed, once, and refuses the rest', async (file, command, isThere) => {
  if (!isThere) return;
  const program = spawn(command, [folder + file], { env: { PATH: process.env['PATH'], PORT: '0', WEBHOOK_SECRETS: `${old} ${fresh}` } });
  onTestFinished(() => void program.kill('SIGKILL'));
  let output = '';
  for (const stream of [program.stdout, program.stderr]) stream.on('data', (part: Buffer) => (output += part.toString()));
  const url = await eventually(
    () => {
      const [, found] = /listening at (\S+)/.exec(output) ?? [];
      if (found === undefined) throw new Error(output);
      return found;
    },
    { withinMs: 60_000 },
  );
  const post = async (headers: Record<string, string>, text = body): Promise<number> =>
    (await fetch(url, { method: 'POST', headers: { ...headers, connection: 'close' }, body: text })).status;
  expect(await post(sign([fresh, old]))).toBe(204);
  expect(await post(sign([old])), 'the same again').toBe(204);
  expect(await post(sign([fresh]), `${body} `)).toBe(400);
  expect(await post(sign([deriveWebhookSecret(key, { tenant: 'acme', endpointId: 'we_1', version: 3 })]))).toBe(400);
  expect(await post(sign([fresh], 400))).toBe(400);
  expect(await post({})).toBe(400);
  expect(output.split('\n').filter((line) => line === 'a-generation succeeded')).toHaveLength(1);
  const ended = once(program, 'exit');
  program.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});
