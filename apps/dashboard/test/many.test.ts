import { buildGenerationStore, defaultRetention } from '@darkroom/generation-store';
import { createProducer } from '@darkroom/producer';
import { eventually } from '@darkroom/testing';
import { expect, onTestFinished, test } from 'vitest';
import { openWorld, startDashboard } from './setup.ts';

const ORDERS = 120;

/** Starts a dashboard beside many queued generations, which no worker buys. */
async function setup({ orders = ORDERS }: { orders?: number } = {}) {
  const world = openWorld();
  const { url: redisUrl, prefix, redis } = world;
  const store = buildGenerationStore({ prefix, retention: defaultRetention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  await store.initialise('epoch-1');
  await store.setCaps({ allPerDay: 1_000_000_000_000 });
  const producer = createProducer({ redisUrl, prefix });
  onTestFinished(() => producer.close());
  const request = { positivePrompt: 'a lighthouse', width: 1024, height: 1024 } as const;
  const enqueue = (count: number, tag: string) =>
    producer.enqueueMany(
      Array.from({ length: count }, () => request),
      { tenant: 'acme', tags: [tag] },
    );
  await enqueue(orders, 'summer');
  const others = await enqueue(2, 'winter');
  const { ask, ...dashboard } = await startDashboard(world);
  const post = async (path: string, fields: Record<string, string>) => {
    const { status, body, headers } = await ask('POST', path, { body: new URLSearchParams(fields), redirect: 'manual' });
    return { status, body, location: headers.get('location') ?? '' };
  };
  /** Asks what an act would take, and waits for the answer. @returns its path. */
  const count = async (act: string, filter: string): Promise<string> => {
    const { status, location } = await post('/generations/many', { act, filter });
    expect(status).toBe(303);
    await eventually(async () => expect((await ask('GET', location)).body).toContain('counted <time'));
    return location;
  };
  return { ...world, ...dashboard, store, producer, others, ask, post, count };
}

const idOf = (path: string): string => path.split('/').at(-1) ?? '';

test('a cancel of all that pass a filter is counted first, begins with a reason, and stands in the log of acts', async () => {
  const { ask, post, count, store, producer, others } = await setup();
  const path = await count('cancel', 'tag=summer');
  const counted = (await ask('GET', path)).body;
  expect(counted).toContain('<strong>120 generations with 120 images, 2.4 USD on hold</strong>');
  expect((await producer.list({ status: 'queued', limit: 1000 })).generations).toHaveLength(ORDERS + 2);
  expect((await post(`${path}/cancel`, {})).status).toBe(400);
  expect((await post(`${path}/cancel`, { reason: 'the campaign is off' })).status).toBe(303);
  await eventually(async () => expect((await store.findBulkAct(idOf(path)))?.state).toBe('done'));
  expect((await ask('GET', path)).body).toContain('Done, cancelled: 120 generations with 120 images');
  const left = await producer.list({ status: 'queued' });
  expect(left.generations.map(({ generationId }) => generationId).toSorted()).toEqual(
    others.map(({ generationId }) => generationId).toSorted(),
  );
  const [act] = await store.readActs(1);
  expect(act).toMatchObject({
    act: 'cancel-many',
    who: 'darkroom',
    reason: 'the campaign is off',
    on: `tag summer: 120 generations with 120 images, 2.4 USD on hold (${idOf(path)})`,
  });
  expect((await ask('GET', '/generations/many')).body).toContain('the campaign is off');
  // a button that is pressed twice, by then
  expect((await post(`${path}/cancel`, { reason: 'again' })).status).toBe(303);
  expect((await store.findBulkAct(idOf(path)))?.reason).toBe('the campaign is off');
});

test('an act needs a filter, and one that is not counted does not begin', async () => {
  const { ask, post, store } = await setup({ orders: 1 });
  for (const filter of ['', 'view=pictures', 'id=01890a5d'])
    expect((await post('/generations/many', { act: 'cancel', filter })).status, filter).toBe(400);
  expect((await post('/generations/many', { act: 'cancel', filter: 'status=failed' })).status).toBe(400);
  expect((await post('/generations/many', { act: 'retry', filter: 'status=queued&status=succeeded' })).status).toBe(400);
  expect((await post('/generations/many', { act: 'erase', filter: 'tag=summer' })).status).toBe(400);
  expect((await post('/generations/many/01890a5d-ac96-774b-bcce-b302099a8057/cancel', { reason: 'x' })).status).toBe(409);
  expect((await ask('GET', '/generations/many/01890a5d-ac96-774b-bcce-b302099a8057')).status).toBe(404);
  expect(await store.listBulkActs(10)).toEqual([]);
  expect((await ask('GET', '/generations/many')).body).toContain('None in the last week');
});

test('a retry with nothing to do says so, and offers no button', async () => {
  const { ask, count } = await setup({ orders: 1 });
  const { body } = await ask('GET', await count('retry', 'tenant=acme'));
  expect(body).toContain('There is nothing to do.');
  expect(body).not.toContain('<button type="submit" class="danger">');
});

test('an act that stops goes on where it was', async () => {
  const { post, count, store } = await setup();
  const path = await count('cancel', 'tag=summer&status=queued');
  await store.stepBulkAct(idOf(path), ['counted'], { state: 'stopped', why: 'an error' });
  expect((await post(`${path}/cancel`, { reason: 'go on' })).status).toBe(303);
  await eventually(async () => expect(await store.findBulkAct(idOf(path))).toMatchObject({ state: 'done', generations: ORDERS, why: '' }));
  expect((await post(`${path}/stop`, { reason: 'too late' })).status).toBe(303);
  expect((await store.findBulkAct(idOf(path)))?.state).toBe('done');
});

test('a search by the first digits finds each generation with them, and no other', async () => {
  const { ask, others, producer } = await setup();
  const { generationId } = others[0]!;
  /** Ids of all pages of a search. */
  const find = async (query: string): Promise<string[]> => {
    const ids: string[] = [];
    for (let next: string | undefined = `generations?${query}`; next !== undefined;) {
      const { status, body } = await ask('GET', `/${next}`);
      expect(status).toBe(200);
      ids.push(...[...body.matchAll(/class="open" href="generations\/([^"]+)"/g)].map(([, id = '']) => id));
      next = /<a href="([^"]+)" rel="next">/.exec(body)?.[1]?.replaceAll('&amp;', '&');
    }
    return ids;
  };
  expect(await find(`id=${generationId.slice(0, 20)}`)).toContain(generationId);
  expect(await find(`id=${generationId.slice(0, 30)}`)).toEqual([generationId]);
  expect(await find(`id=${generationId.slice(0, 30)}&status=failed`)).toEqual([]);
  expect(await find(`id=${generationId.slice(0, 30)}&tenant=acme&tag=winter`)).toEqual([generationId]);
  const all = (await producer.list({ limit: 1000 })).generations.map((each) => each.generationId);
  const digits = generationId.slice(0, 9);
  expect((await find(`id=${digits}`)).toSorted()).toEqual(all.filter((id) => id.startsWith(digits)).toSorted());
  expect(await find('id=00000000')).toEqual([]);
});
