import { buildErasingStore } from '@darkroom/generation-store';
import { expect, inject, test } from 'vitest';
import { createProducer } from '../src/index.ts';
import { problemsOf } from './problems-of.ts';
import { request, setup } from './world.ts';

test('a producer that is bound to a tenant asks to erase its own generations, and knows no request of another', async () => {
  await using world = await setup();
  const bound = createProducer({ redisUrl: inject('redisUrl'), prefix: world.prefix, tenant: 'acme' });
  try {
    const [own] = [await bound.enqueue(request, { tags: ['x'] }), await world.producer.enqueue(request, { tags: ['x'] })];
    expect((await problemsOf(() => bound.erase({ tenant: 'beta' }))).paths).toEqual(['which.tenant']);
    expect((await problemsOf(() => bound.erase({}))).paths, 'all by mistake').toEqual(['which']);
    const mine = await bound.erase({ tag: 'x' });
    expect(mine).toMatchObject({ tenant: 'acme', status: 'requested', found: 0 });
    const store = buildErasingStore(world, world.redis);
    const [turn] = await store.takeBulkTurn();
    if (turn === undefined) throw new Error('no erasure has a turn');
    expect((await store.listForBulk(turn, 10)).generations).toEqual([{ generationId: own.generationId, tenant: 'acme' }]);

    const ofAll = await world.producer.erase({ tag: 'x' });
    await expect(bound.erasure(ofAll.erasureId)).rejects.toMatchObject({ code: 'generation.not-found' });
    expect(await world.producer.erasure(mine.erasureId)).toMatchObject({ erasureId: mine.erasureId });
  } finally {
    await bound.close();
  }
});
