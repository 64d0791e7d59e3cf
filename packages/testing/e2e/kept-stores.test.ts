import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { countExecutions, eventually, keptStoreVersions, startKeptStore } from '../src/index.ts';

describe.skipIf(inject('redisKind') === 'js').each([...keptStoreVersions])('the store that %s wrote', (version) => {
  test('a worker settles the open submissions, buys the queued ones once, and leaves the rest unchanged', async () => {
    const { kept, redis, worker, find, reach, readBill, operate, stop } = await startKeptStore(version);
    onTestFinished(stop);
    const taken = ['open-running', 'open-answer-lost', 'open-arrived'];
    const tasksOf = (name: string): string[] => kept.get(name).view.images.map(({ taskUUID }) => taskUUID);
    // The provider must finish its running tasks first: "running" is no outcome, even past the horizon.
    const before = await eventually(async () => {
      const bill = await readBill();
      for (const task of taken.flatMap(tasksOf)) expect(bill.get(task)).toMatchObject({ executions: 1 });
      return bill;
    });
    await worker.start();

    // While an operator's pause stands no worker buys, and bought images come home.
    await reach({
      'open-running': 'succeeded',
      'open-answer-lost': 'succeeded',
      'open-arrived': 'succeeded',
      'open-never-arrived': 'failed',
    });
    expect(await find('open-never-arrived')).toMatchObject({ reservedUsd: '0.02', images: [{ status: 'unknown' }] });
    await reach({ 'open-queued': 'queued', 'waiting-soon': 'queued', 'waiting-month': 'queued' });
    expect(countExecutions(await readBill())).toBe(countExecutions(before));

    await operate('resume', '--kind', 'operator');
    const monthIsOver = (kept.get('waiting-month').view.runAt ?? 0) <= Date.now();
    await reach({ 'open-queued': 'succeeded', 'waiting-soon': 'succeeded', 'open-queued-deadline': 'expired' });
    await reach({ 'waiting-month': monthIsOver ? 'succeeded' : 'queued' });
    for (const [name, { view }] of Object.entries(kept.expected.generations))
      if (!/^(open|waiting)-/.test(name)) expect(await find(name), name).toMatchObject(view);

    const bill = await readBill();
    for (const [taskUUID, { executions }] of bill) expect(executions, taskUUID).toBeLessThanOrEqual(1);
    const bought = ['open-queued', 'waiting-soon', ...(monthIsOver ? ['waiting-month'] : [])].flatMap(tasksOf);
    expect(countExecutions(bill) - countExecutions(before)).toBe(bought.length);
    for (const task of bought) expect(bill.get(task)).toMatchObject({ executions: 1 });
    expect(bill.get(tasksOf('open-never-arrived')[0] ?? '')).toMatchObject({ submissions: 1, executions: 0 });

    // The ledger holds for each tenant what its generations cost and hold, whatever the days of the bookings.
    const views = await Promise.all(Object.keys(kept.expected.generations).map(find));
    for (const tenant of [undefined, 'acme', 'globex']) {
      const own = views.filter((view) => tenant === undefined || view.tenant === tenant);
      const wanted = { settled: sum(own.map(({ costUsd }) => costUsd)), reserved: sum(own.map(({ reservedUsd }) => reservedUsd)) };
      for (const length of ['day', 'month']) {
        const scope = tenant === undefined ? `all:${length}` : `tenant:${tenant}:${length}`;
        const periods = await redis.keys(`${kept.expected.prefix}:spend:${scope}:*`);
        const spent = await Promise.all(periods.map((key) => redis.hmget(key, 'settled', 'reserved')));
        const booked = { settled: total(spent.map(([settled]) => settled)), reserved: total(spent.map(([, reserved]) => reserved)) };
        expect(booked, scope).toEqual(wanted);
      }
    }
  });
});

const sum = (usd: readonly string[]): number => total(usd.map((each) => String(Math.round(Number(each) * 1e9))));
const total = (nanoUsd: readonly (string | null | undefined)[]): number => nanoUsd.reduce((all, each) => all + Number(each ?? 0), 0);
