import fc from 'fast-check';
import { expect, test } from 'vitest';
import { money } from '../src/lua/money.ts';
import { prelude } from '../src/lua/prelude.ts';
import { setup, type World } from './world.ts';

const DAY_MS = 86_400_000;
const LAST_DAY = Date.UTC(2400, 11, 31) / DAY_MS;

/** Runs the ledger's own calendar inside Redis, for many days at once. */
const calendarOf = ({ redis, prefix }: World, days: readonly number[]): Promise<unknown> =>
  redis.eval(
    `${prelude}${money}
    local all = {}
    for i = 2, #ARGV do
      local periods = periodsOf('acme', tonumber(ARGV[i]) * 86400000 + 86399999)
      all[#all + 1] = { periods[1].name, int(periods[1].resetsAt), periods[2].name, int(periods[2].resetsAt), periods[3].name, periods[4].name }
    end
    return all`,
    0,
    prefix,
    ...days,
  );

function expected(day: number): string[] {
  const date = new Date(day * DAY_MS);
  const ymd = date.toISOString().slice(0, 10);
  const ym = ymd.slice(0, 7);
  const nextMonth = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
  return [
    `all:day:${ymd}`,
    String((day + 1) * DAY_MS),
    `all:month:${ym}`,
    String(nextMonth),
    `tenant:acme:day:${ymd}`,
    `tenant:acme:month:${ym}`,
  ];
}

test('the periods of any day are those of the UTC calendar', async () => {
  await using world = await setup();
  const days = fc.array(fc.integer({ min: 0, max: LAST_DAY }), { minLength: 100, maxLength: 100 });
  await fc.assert(
    fc.asyncProperty(days, async (some) => {
      expect(await calendarOf(world, some)).toEqual(some.map(expected));
    }),
    { numRuns: 20 },
  );
});

test('every day around every end of February and of the year for 430 years is right', async () => {
  await using world = await setup();
  const years = Array.from({ length: 430 }, (_, at) => 1970 + at);
  const days = years.flatMap((year) => {
    const march = Date.UTC(year, 2, 1) / DAY_MS;
    const january = Date.UTC(year + 1, 0, 1) / DAY_MS;
    return [march - 2, march - 1, march, january - 1, january];
  });
  expect(await calendarOf(world, days)).toEqual(days.map(expected));
});

test('a hold is in four periods of the day that Redis has', async () => {
  await using world = await setup();
  const redisDay = async (): Promise<number> => Math.floor(Number((await world.redis.time())[0]) / 86_400);
  const before = await redisDay();
  await world.enqueue(1);
  const names = [before, await redisDay()].map((day) => expected(day).filter((_, at) => ![1, 3].includes(at)));
  expect(names.map((each) => each.toSorted())).toContainEqual(Object.keys(await world.ledger()).toSorted());
});
