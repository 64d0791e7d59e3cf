import { createGenerationId, type Priority, type SubmissionRef } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import type { NewGeneration } from '../src/index.ts';
import { newGeneration, setup, type World } from './world.ts';

interface Job {
  ref: SubmissionRef;
  number: number;
  tenant: string;
}

/** BullMQ's part: the job with the lowest number goes first, and the older of two. */
interface Jobs {
  enqueue(tenant: string, images: number, priority?: Priority, given?: Partial<NewGeneration>): Promise<void>;
  /** Buys as many images, and returns the names of the tenants, or of the priorities, in the order of the purchases. */
  buy(count: number): Promise<string[]>;
  /** Numbers of commits that put a job back. */
  putBack(): number;
  all: Job[];
}

function jobsOf(world: World): Jobs {
  const all: Job[] = [];
  let putBack = 0;
  const put = (job: Job): void => void all.push(job);
  return {
    all,
    putBack: () => putBack,
    async enqueue(tenant, images, priority = 'normal', given = {}) {
      const generation = newGeneration(images, { tenant, priority, generationId: createGenerationId(Date.now()), ...given });
      const { generationId, line } = await world.store.enqueue(generation);
      const name = priority === 'normal' ? tenant : `${tenant} ${priority}`;
      for (let index = 0; index < images; index += 1) put({ ref: { generationId, index, n: 1 }, number: line?.[index] ?? 0, tenant: name });
    },
    async buy(count) {
      const bought: string[] = [];
      while (bought.length < count && all.length > 0) {
        const job = all.reduce((first, each) => (each.number < first.number ? each : first));
        all.splice(all.indexOf(job), 1);
        const reply = await world.store.commit(job.ref, `token-${Math.random()}`, job.number);
        if (reply.kind === 'go') bought.push(job.tenant);
        else if (reply.reason === 'behind' && reply.line !== undefined) {
          putBack += 1;
          const { number, ahead } = reply.line;
          const other = all.find(({ ref }) => ref.generationId === ahead?.ref.generationId && ref.index === ahead.ref.index);
          if (ahead !== undefined && other !== undefined) {
            all.splice(all.indexOf(other), 1);
            put({ ...other, number: ahead.number });
          }
          put({ ...job, number });
        } else bought.push(`${job.tenant}: ${reply.reason}`);
      }
      return bought;
    },
  };
}

const clocks = ({ redis, prefix }: World) => redis.hgetall(`${prefix}:line-clocks`);

test('an image of one tenant waits for one of each other tenant, not for all that were enqueued before', async () => {
  await using world = await setup();
  const jobs = jobsOf(world);
  for (let at = 0; at < 10; at += 1) await jobs.enqueue('big', 20);
  expect(await jobs.buy(30)).toEqual(Array.from({ length: 30 }, () => 'big'));
  await jobs.enqueue('small', 1);
  expect((await jobs.buy(3)).slice(0, 2)).toContain('small');
  await jobs.enqueue('a', 5);
  await jobs.enqueue('b', 5);
  const next = await jobs.buy(15);
  for (const tenant of ['a', 'b', 'big']) expect(next.slice(0, 9).filter((each) => each === tenant).length).toBeGreaterThanOrEqual(2);
  expect(jobs.putBack(), 'a tenant without priorities costs no second look').toBe(0);
});

test('the most urgent image of a tenant takes its next place, and the share of the tenant stays', async () => {
  await using world = await setup();
  const jobs = jobsOf(world);
  for (let at = 0; at < 5; at += 1) await jobs.enqueue('a', 20, 'low');
  await jobs.enqueue('a', 5);
  for (let at = 0; at < 5; at += 1) await jobs.enqueue('b', 20);
  await jobs.enqueue('a', 10, 'high');
  const bought = await jobs.buy(60);
  const ofA = bought.filter((each) => each.startsWith('a'));
  expect(ofA.slice(0, 18)).toEqual([
    ...Array.from({ length: 10 }, () => 'a high'),
    ...Array.from({ length: 5 }, () => 'a'),
    ...Array.from({ length: 3 }, () => 'a low'),
  ]);
  expect(Math.abs(ofA.length - 30)).toBeLessThanOrEqual(1);
  const rest = await jobs.buy(1000);
  expect(rest).toHaveLength(155);
  expect(jobs.putBack(), 'each image is put back once at most').toBeLessThanOrEqual(115);
});

test('an empty line has no clocks, whatever ended the waiting', async () => {
  await using world = await setup();
  const jobs = jobsOf(world);
  await jobs.enqueue('a', 3);
  await jobs.enqueue('b', 2);
  await jobs.buy(1);
  expect(await clocks(world)).not.toEqual({});
  const generationIds = new Set(jobs.all.map(({ ref }) => ref.generationId));
  for (const id of generationIds) await world.store.cancel(id);
  expect(await clocks(world)).toEqual({});
  expect(await world.redis.exists(`${world.prefix}:line`, `${world.prefix}:line:a`, `${world.prefix}:line:b`)).toBe(0);
});

test('a job that comes before its number goes back to it, and what waited for its time takes a number then', async () => {
  await using world = await setup();
  const jobs = jobsOf(world);
  for (let at = 0; at < 3; at += 1) await jobs.enqueue('a', 20);
  const last = jobs.all.at(-1);
  if (last === undefined) throw new Error('sixty were enqueued');
  const { number } = last;
  last.number = 0; // a reconciler has added it again
  expect(await jobs.buy(1)).toEqual(['a']);
  expect(last.ref, 'it was put back, and not bought').toEqual(jobs.all.at(-1)?.ref);
  expect(jobs.all.at(-1)?.number).toBe(number);

  await jobs.enqueue('b', 20, 'normal', { runAt: Date.now() + 60_000 });
  const later = jobs.all.filter(({ tenant }) => tenant === 'b').map(({ ref }) => ref.generationId);
  await world.redis.hset(`${world.prefix}:generation:${later[0]}`, 'runAt', Date.now() - 1000);
  const bought = await jobs.buy(20);
  expect(bought.filter((each) => each === 'b').length, 'all are due, and get their share').toBeLessThanOrEqual(11);
  expect(bought.filter((each) => each === 'b').length).toBeGreaterThanOrEqual(9);
});

test('a tenant without money left holds up no other, and gets its share when it has some again', async () => {
  await using world = await setup();
  const jobs = jobsOf(world);
  await jobs.enqueue('poor', 20, 'normal', { runAt: Date.now() + 60_000 });
  await jobs.enqueue('rich', 20);
  const key = `${world.prefix}:generation:${jobs.all[0]?.ref.generationId}`;
  await world.redis.hset(key, 'runAt', Date.now() - 1000);
  await world.store.setCaps({ allPerDay: 1e12, tenantPerDay: 1 });
  const bought = await jobs.buy(40);
  expect(bought.filter((each) => each === 'poor: cap')).toHaveLength(20);
  expect(bought.filter((each) => each.startsWith('rich'))).toHaveLength(20);
  expect(await world.redis.exists(`${world.prefix}:line:poor`)).toBe(0);
});

test('past the highest number of a job all wait in the order of their enqueue', async () => {
  await using world = await setup();
  const jobs = jobsOf(world);
  await jobs.enqueue('a', 2);
  await world.redis.hset(`${world.prefix}:line-clocks`, 'tenant:a', 3_000_000);
  await jobs.enqueue('a', 2);
  await jobs.enqueue('b', 1);
  await jobs.enqueue('a', 1);
  expect(jobs.all.map(({ number }) => number)).toEqual([1, 2, 2_097_151, 2_097_151, 1, 2_097_151]);
  expect(await jobs.buy(6)).toHaveLength(6);
});

const weigh = ({ redis, prefix }: World, tenant: string, weight: number | string) =>
  redis.hset(`${prefix}:tenant-rules:${tenant}`, 'weight', weight);
const countOf = (bought: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const tenant of bought) counts[tenant] = (counts[tenant] ?? 0) + 1;
  return counts;
};

test('tenants of weights 1, 1 and 4 get one, one and four images of each round', async () => {
  await using world = await setup();
  const jobs = jobsOf(world);
  await weigh(world, 'c', 4);
  for (let at = 0; at < 2; at += 1) for (const tenant of ['a', 'b']) await jobs.enqueue(tenant, 10);
  for (let at = 0; at < 9; at += 1) await jobs.enqueue('c', at === 0 ? 7 : 10);
  for (let round = 0; round < 20; round += 1) expect(countOf(await jobs.buy(6)), `round ${round}`).toEqual({ a: 1, b: 1, c: 4 });
  expect(jobs.putBack(), 'a weight costs no second look').toBe(0);
  await jobs.enqueue('d', 1);
  expect(await jobs.buy(8), 'one that comes anew goes in this round').toContain('d');
  await jobs.buy(1000);
  expect(await clocks(world)).toEqual({});
});

test('a new weight counts for what is enqueued from then on', async () => {
  await using world = await setup();
  const jobs = jobsOf(world);
  await jobs.enqueue('a', 20);
  await jobs.enqueue('b', 10);
  await weigh(world, 'b', 3);
  await jobs.enqueue('b', 15);
  expect(countOf(await jobs.buy(20))).toEqual({ a: 10, b: 10 });
  for (let round = 0; round < 5; round += 1) expect(countOf(await jobs.buy(4))).toEqual({ a: 1, b: 3 });
  await weigh(world, 'b', 1);
  await jobs.enqueue('b', 5);
  expect(countOf(await jobs.buy(10))).toEqual({ a: 5, b: 5 });
});

test.each(['', '0', '-3', 'many', '1.5'])('the weight "%s" is 1', async (weight) => {
  await using world = await setup();
  const jobs = jobsOf(world);
  await weigh(world, 'b', weight);
  for (const tenant of ['a', 'b']) await jobs.enqueue(tenant, 10);
  expect(countOf(await jobs.buy(10))).toEqual({ a: 5, b: 5 });
});

test('an urgent image of a tenant with a weight goes within its turn, and its share stays', async () => {
  await using world = await setup();
  const jobs = jobsOf(world);
  await weigh(world, 'a', 3);
  for (let at = 0; at < 3; at += 1) await jobs.enqueue('a', 20);
  for (let at = 0; at < 3; at += 1) await jobs.enqueue('b', 20);
  await jobs.buy(8);
  await jobs.enqueue('a', 4, 'high');
  const bought = await jobs.buy(8);
  expect(bought.filter((each) => each === 'a high').length).toBeGreaterThanOrEqual(3);
  expect(bought.filter((each) => each === 'b')).toHaveLength(2);
  const rest = await jobs.buy(1000);
  expect(rest.slice(0, 40).filter((each) => each === 'b')).toHaveLength(10);
  expect(rest).toHaveLength(108);
});

test('images that a tenant with a weight gives up do not count as bought', async () => {
  await using world = await setup();
  const jobs = jobsOf(world);
  await weigh(world, 'a', 4);
  await jobs.enqueue('b', 20);
  await jobs.buy(2);
  await jobs.enqueue('a', 18);
  for (const { ref, tenant } of jobs.all) if (tenant === 'a') await world.store.cancel(ref.generationId);
  jobs.all.splice(0, jobs.all.length, ...jobs.all.filter(({ tenant }) => tenant === 'b'));
  await jobs.enqueue('a', 8);
  expect(countOf(await jobs.buy(10))).toEqual({ a: 8, b: 2 });
});
