import { buildGenerationStore, defaultRetention } from '@darkroom/generation-store';
import { createLogger } from '@darkroom/service-runtime';
import { fillGenerations, reserveRedis } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { createDashboard } from '../src/app.ts';
import { ACTS, startBrowser } from './browser.ts';

const FINISHED = Number(process.env['LISTED'] ?? 1_000_000);
const OPEN = FINISHED / 10;
const TENANTS = 9;
const ASKED = 10;
/** Longest median of a page, in milliseconds, and most commands of Redis for one, those of its scripts included. */
const PAGE_MS = 1000;
const MOST_COMMANDS = 6000;

test('the median of ten loads of each page is below a second with 100,000 open and a million finished generations, at the same cost in Redis', async () => {
  await using own = await reserveRedis({ appendfsync: 'no' });
  await own.start();
  const redis = new Redis(own.url);
  const prefix = '{large}';
  const store = buildGenerationStore({ prefix, retention: defaultRetention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  await store.initialise('epoch-1');
  await store.setCaps({ allPerDay: 25_000_000_000 });
  const now = Date.now();
  const every = { everyMs: 100, tenants: TENANTS };
  await fillGenerations(redis, prefix, {
    ...every,
    count: FINISHED,
    from: now - (FINISHED + OPEN) * every.everyMs,
    statusOf: (at) => (at % 100 === 0 ? 'failed' : 'succeeded'),
  });
  await fillGenerations(redis, prefix, {
    ...every,
    count: OPEN,
    from: now - OPEN * every.everyMs,
    statusOf: (at) => (at < 500 ? 'running' : 'queued'),
  });
  const dashboard = createDashboard(
    {
      redis: { url: own.url, prefix },
      access: { user: ACTS.username, password: ACTS.password, look: undefined },
      path: '',
      pages: { showPrompts: false },
      pictures: undefined,
      log: { level: 'warn', logPrompts: false },
      listen: { host: '127.0.0.1', port: 0 },
    },
    { logger: createLogger({ name: 'test', level: 'warn' }) },
  );
  await dashboard.start();
  const { generations, next } = await store.list({}, 100);
  const id = generations[50]?.generationId ?? '';
  const deep = await store.list({ createdBefore: now - (FINISHED / 2) * every.everyMs }, 50);
  const place = `c${deep.next?.score.toString(36)}_${deep.next?.generationId}`;
  const pages: Record<string, string> = {
    overview: '/',
    'overview of a day': '/?range=day',
    generations: '/generations',
    'generations, queued': '/generations?status=queued',
    'generations of a tenant': '/generations?tenant=tenant-3',
    'generations by code': '/generations?code=provider.refused',
    'generations, half a million further': `/generations?cursor=${place}`,
    'by ten digits of an id': `/generations?id=${id.slice(0, 11)}`,
    'by eight digits of an id': `/generations?id=${id.slice(0, 8)}`,
    spend: '/spend',
    health: '/health',
    'acts on many': '/generations/many',
    'board, generations': '/queues/api/queues?activeQueue=generations&status=waiting&page=1&jobsPerPage=10',
  };
  expect(next).toBeDefined();
  const authorization = `Basic ${btoa(`${ACTS.username}:${ACTS.password}`)}`;
  const slow: string[] = [];
  for (const [name, path] of Object.entries(pages)) {
    const times: number[] = [];
    await redis.config('RESETSTAT');
    for (let asked = 0; asked < ASKED; asked += 1) {
      const startedAt = performance.now();
      const answer = await fetch(dashboard.url() + path, { headers: { authorization } });
      await answer.text();
      times.push(performance.now() - startedAt);
      expect(answer.status, name).toBe(200);
    }
    const stats = await redis.info('commandstats');
    const calls = [...stats.matchAll(/cmdstat_[^:]+:calls=(\d+),usec=(\d+)/g)];
    const commands = Math.round(calls.reduce((sum, [, number]) => sum + Number(number), 0) / ASKED);
    const sorted = times.toSorted((a, b) => a - b);
    const [p50 = 0, worst = 0] = [sorted[Math.floor(ASKED / 2)], sorted.at(-1)];
    console.log(`${name}: p50 ${p50.toFixed(0)} ms, longest ${worst.toFixed(0)} ms, ${commands} commands of Redis`);
    if (p50 > PAGE_MS || commands > MOST_COMMANDS) slow.push(name);
  }
  const failed = (await store.list({ statuses: ['failed'] }, 1)).generations[0]?.generationId ?? '';
  const browser = await startBrowser(dashboard.url());
  const barriers: string[] = [];
  for (const [name, path] of Object.entries({
    overview: '/',
    generations: '/generations',
    one: `/generations/${failed}`,
    spend: '/spend',
    health: '/health',
    'many-offered': '/generations?status=failed',
    many: '/generations/many',
  })) {
    for (const [kind, options] of Object.entries({ desktop: {}, phone: { viewport: { width: 390, height: 844 } } })) {
      const { page, complaints, shoot, findBarriers } = await browser.open(path, { ...options, colorScheme: 'dark' });
      if (name === 'many-offered') await page.getByText('Change all of them').click();
      if (name === 'many-offered' && kind === 'phone') {
        await page.getByRole('button', { name: 'Count for a retry' }).click();
        await page.getByText(/generations with .* images, at most/).waitFor();
        await shoot('large-many-counted-phone-dark');
        barriers.push(...(await findBarriers()));
        await page.goBack();
        await page.getByText('Change all of them').click();
      }
      await shoot(`large-${name}-${kind}-dark`);
      barriers.push(...(await findBarriers()), ...complaints);
      if ((await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')) > 0)
        barriers.push(`${name} is wider than a ${kind}`);
      await page.context().close();
    }
  }
  await browser.stop();
  await dashboard.stop();
  redis.disconnect();
  expect([...slow, ...barriers]).toEqual([]);
});
