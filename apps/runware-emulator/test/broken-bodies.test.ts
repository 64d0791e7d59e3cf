import { performance } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { accountsOf } from './accounts.ts';
import { virtualClock } from './virtual-clock.ts';
import { imageTask, setup, type World } from './world.ts';

const forms = ['truncated', 'cut', 'cut-chunked', 'endless'] as const;

/** Reads an answer until its end, or for half a second; says how it ended. */
async function readFrom(address: string, init: RequestInit = {}): Promise<{ status: number; bytes: Buffer; end: string }> {
  const response = await fetch(address, { ...init, signal: AbortSignal.timeout(500) });
  const chunks: Uint8Array[] = [];
  const read = async (): Promise<string> => {
    for await (const chunk of response.body ?? []) chunks.push(chunk as Uint8Array); // a body yields bytes
    return 'whole';
  };
  const end = await read().catch((error: unknown) => (error instanceof Error && error.name === 'TimeoutError' ? 'endless' : 'cut'));
  return { status: response.status, bytes: Buffer.concat(chunks), end };
}

// A connection that is kept: of one to be closed, undici takes chunks without an end for a whole answer.
const ask = ({ emulator }: World, task: object) =>
  readFrom(`${emulator.url}/v1`, {
    method: 'POST',
    headers: { authorization: 'Bearer key', 'content-type': 'application/json' },
    body: JSON.stringify([task]),
  });

const ends = { truncated: 'whole', cut: 'cut', 'cut-chunked': 'cut', endless: 'endless' };

test.each(forms)('%s: a submission that was accepted, both questions about it, and its image', async (brokenBody) => {
  const clock = virtualClock();
  const world = await setup({ clock });
  const broken = { status: 200, end: ends[brokenBody] };
  await world.setFaults({ brokenBody, submitBrokenRate: 1 });
  const task = imageTask();
  const acknowledged = await ask(world, task);
  expect(acknowledged).toMatchObject(broken);
  expect(acknowledged.bytes.toString()).toMatch(/^\{"data":\[\{"taskType":"imageInf/);
  expect(accountsOf(await world.bill()).get(task.taskUUID)).toMatchObject({ submissions: 1, acceptances: 1, executions: 1 });
  await world.setFaults({ brokenBody, pollBrokenRate: 1 });
  for (const taskType of ['getResponse', 'getTaskDetails']) {
    const answer = await ask(world, { taskType, taskUUID: task.taskUUID });
    expect(answer).toMatchObject(broken);
    expect(() => JSON.parse(answer.bytes.toString()) as unknown).toThrow(SyntaxError);
  }
  const late = imageTask();
  await world.setFaults({ imageUrlLateRate: 1, imageUrlLateMs: 60_000, imageUrlLateAnswer: brokenBody });
  const address = String((await world.post([late])).data[0]?.['imageURL']);
  const early = await readFrom(address);
  expect(early).toMatchObject(broken);
  clock.advance(60_000);
  const whole = await readFrom(address);
  expect(whole).toMatchObject({ status: 200, end: 'whole' });
  expect(early.bytes.subarray(0, 100)).toEqual(whole.bytes.subarray(0, 100));
  expect(early.bytes.length).toBeLessThan(whole.bytes.length);
});

test('an endless answer does not hold up the end of the emulator', async () => {
  const world = await setup({ faults: { brokenBody: 'endless', submitBrokenRate: 1 } });
  const response = await fetch(`${world.emulator.url}/v1`, {
    method: 'POST',
    headers: { authorization: 'Bearer key', 'content-type': 'application/json' },
    body: JSON.stringify([imageTask()]),
  });
  const startedAt = performance.now();
  await world.emulator.stop();
  expect(performance.now() - startedAt).toBeLessThan(2000);
  await expect(response.text()).rejects.toThrow('terminated');
});
