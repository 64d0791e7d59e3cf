import { createGenerationId } from '@darkroom/contracts';
import { eventually } from '@darkroom/testing';
import { expect, test } from 'vitest';
import { setup } from './operate-world.ts';
import { runHere } from './run-here.ts';
import { createWorld } from './world.ts';

test('without the bucket a pause holds and is not recorded, and is not lifted', async () => {
  const { store, run, runWith } = await setup();
  await store.initialise('epoch');
  const nowhere = { S3_BUCKET: 'gone', S3_ENDPOINT: 'http://127.0.0.1:9', S3_ACCESS_KEY_ID: 'a', S3_SECRET_ACCESS_KEY: 'b' };
  for (const [reason, environment] of Object.entries({ 'no settings': {}, 'S3 is away': nowhere })) {
    const paused = await runWith(environment, 'pause', '--reason', reason);
    expect(paused).toMatchObject({ code: 1, output: expect.stringContaining('the pause is not recorded') as string });
    expect(await store.pauses()).toMatchObject([{ kind: 'operator', reason }]);
    const resumed = await runWith(environment, 'resume');
    expect(resumed).toMatchObject({ code: 1, output: expect.stringContaining('stands until S3 has its end') as string });
    expect(await store.pauses()).toMatchObject([{ kind: 'operator', reason }]);
    expect(await run('resume')).toContain('lifted 1 pause');
  }
});

test('without the bucket a lower cap or limit holds at once and is not recorded, and a higher one waits', async () => {
  const { store, runWith } = await setup();
  await store.initialise('epoch');
  const { caps } = (await store.findCaps()) ?? { caps: { allPerDay: 0 } };
  const usd = (images: number): string => String((caps.allPerDay * images) / 1e9);
  expect(await runWith({}, 'caps', '--day', usd(2), '--tenant-day', '1')).toMatchObject({
    code: 1,
    output: expect.stringMatching(/not recorded \(recorded: false\)[^]+holds in Redis at once[^]+tenant-day 1 USD/) as string,
  });
  expect(await store.findCaps()).toMatchObject({ caps: { ...caps, tenantPerDay: 1_000_000_000 } });
  expect(await runWith({}, 'caps', '--tenant-day', '2')).toMatchObject({
    code: 1,
    output: expect.stringContaining('holds only when S3 has it') as string,
  });
  expect((await runWith({}, 'caps')).output).toContain('not recorded in S3 yet');
  expect(await runWith({}, 'limits', '--tasks', '3')).toMatchObject({ code: 1, output: expect.stringContaining('at once') as string });
  expect(await store.readTasksAtProvider()).toMatchObject({ limit: 3 });
  expect(await store.findCaps()).toMatchObject({ caps: { ...caps, tenantPerDay: 1_000_000_000 } });
});

test('without REDIS_URL commands find the Redis of a running start, pause it and resume it', async () => {
  const world = createWorld();
  const started = world.start();
  await started.printed('Runs on until Ctrl-C');
  const command = (...words: string[]) => runHere([...words, '--data-dir', world.dir], {});
  const run = async (...words: string[]): Promise<string> => {
    const { code, output } = await command(...words);
    expect([0, 3], output).toContain(code);
    return output;
  };
  const status = await run('status');
  expect(status).toMatch(/the Redis of npm start in .+ \(127\.0\.0\.1:\d+\)/);
  expect(status).toMatch(/buying +is not paused\ntoday +0\.06 USD spent, 0 USD on hold/);
  expect(await run('doctor')).toContain('answers');
  expect(await run('unknown')).toContain('nothing is unknown');
  expect(await command('unknown', '--release', `${createGenerationId(0)}/0-1`, '--free')).toMatchObject({
    code: 1,
    output: expect.stringContaining('Redis calls it without a record, the bucket without a result') as string,
  });
  await run('pause');
  await eventually(async () => expect(await run('status')).toContain('PAUSED'));
  expect(await run('resume')).toContain('lifted 1 pause');
});
