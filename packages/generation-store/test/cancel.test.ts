import { expect, test } from 'vitest';
import { ended, IMAGE_NANO_USD, newGeneration, setup } from './world.ts';

test('a cancel ends an unsent submission at once and gives its money back', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue(3);
  expect(await world.store.cancel(ref.generationId)).toBe('cancelled');
  expect(await world.spent()).toEqual({ reserved: 0, settled: 0 });
  const images = Array.from({ length: 3 }, () => ({ status: 'failed', fault: { code: 'generation.cancelled' } }));
  expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'cancelled', images });
});

test('a submission that may have been bought keeps its hold through a cancel and is waited for', async () => {
  await using world = await setup();
  const [sent, planned] = await world.enqueue(2);
  await world.send(sent, 'unknown');
  expect(await world.store.cancel(sent.generationId)).toBe('cancelled');
  expect(await world.submission(sent)).toMatchObject({ status: 'committed', held: '1' });
  expect(await world.submission(planned!)).toMatchObject({ status: 'failed', held: '0' });
  expect(await world.spent()).toEqual({ reserved: IMAGE_NANO_USD, settled: 0 });
  expect(await world.generation(sent.generationId)).toMatchObject({ live: '1', 'image:0': 'open' });
});

test('a second cancel changes nothing', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue(2);
  await world.store.cancel(ref.generationId);
  const before = await world.keyspace();
  expect(await world.store.cancel(ref.generationId)).toBe('cancelled');
  expect(await world.keyspace()).toEqual(before);
});

test('a final status stays as it is', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.store.settle(ref, ended(ref, 'succeeded'));
  expect(await world.store.cancel(ref.generationId)).toBe('succeeded');
  expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'succeeded' });
});

test('a generation that is not there has no status', async () => {
  await using world = await setup();
  expect(await world.store.cancel(newGeneration().generationId)).toBeUndefined();
});

test('either a cancel or a commit at the same moment wins, never both', async () => {
  await using world = await setup();
  await using elsewhere = await world.reconnect();
  const raced = Array.from({ length: 40 }, async () => {
    const [ref] = await world.enqueue();
    const [reply] = await Promise.all([world.store.commit(ref, 't'), elsewhere.store.cancel(ref.generationId)]);
    const { status, held } = await world.submission(ref);
    expect({ status, held }).toEqual(reply.kind === 'go' ? { status: 'committed', held: '1' } : { status: 'failed', held: '0' });
  });
  await Promise.all(raced);
});
