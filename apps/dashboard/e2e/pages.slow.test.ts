import { eventually } from '@darkroom/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LOOKS, startWorld } from './world.ts';

let world: Awaited<ReturnType<typeof startWorld>>;
const PROMPT = 'a lighthouse at dusk';
/** Rules of axe that look at colours; those of the strictest level are not asked anywhere. */
const OF_COLOURS = ['color-contrast', 'link-in-text-block'];
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 } as const;
const made: string[] = [];
const failed: string[] = [];

async function order(count: number, request: object = {}, options: object = {}): Promise<string[]> {
  const enqueued = await world.producer.enqueueMany(
    Array.from({ length: count }, () => ({ positivePrompt: PROMPT, width: 1024, height: 1024, ...request })),
    { tenant: 'acme', tags: ['summer'], ...options },
  );
  await Promise.all(enqueued.map(({ generationId }) => world.producer.wait(generationId, { timeoutMs: 60_000 })));
  return enqueued.map(({ generationId }) => generationId);
}

beforeAll(async () => {
  world = await startWorld();
  made.push(...(await order(12)));
  await world.fleet.setFaults({ failContentPolicyRate: 1 });
  failed.push(...(await order(3)));
  await world.fleet.setFaults({ failContentPolicyRate: 0 });
}, 400_000);
afterAll(() => world.stop());

test('after twelve images and three failures the board shows these numbers, and the failures with their tenant, cost and fault', async () => {
  const { page, complaints, foreign, shoot } = await world.open('/queues/queue/generations?status=failed');
  await page.getByText('provider.content-refused').first().waitFor();
  await shoot('board-generations-failed');
  const text = await page.locator('body').innerText();
  expect(text).toMatch(/completed\s*12/i);
  expect(text).toMatch(/failed\s*3/i);
  expect(text.match(/failed: 1 failed of acme/g)).toHaveLength(3);
  expect(text.match(/provider\.content-refused: the provider refused the content/g)).toHaveLength(3);
  expect(text).not.toContain(PROMPT);
  await page.goto(`${world.url}/queues/`, { waitUntil: 'domcontentloaded' });
  await page.getByText('15 Jobs').waitFor();
  await shoot('board-home');
  expect(complaints).toEqual([]);
  expect(foreign).toEqual([]);
});

test.for([
  ['overview', '/', 'Images home'],
  ['generations', '/generations', 'provider.content-refused'],
  ['pictures', '/generations?view=pictures', 'provider.content-refused'],
  ['empty', '/generations?tenant=nobody', 'No generation fits.'],
  ['spend', '/spend', 'Tenants this month'],
  ['health', '/health', 'Outcomes unknown'],
  ['one-made', '', 'recorded as succeeded'],
  ['one-failed', '', 'What to do:'],
])(
  'the page %s has no barrier, no foreign request and no complaint, on a desktop and a phone, light and dark',
  async ([name = '', path = '', words = '']) => {
    const own = path === '' ? `/generations/${name === 'one-made' ? made[0] : failed[0]}` : path;
    for (const [device, options] of Object.entries({ desktop: {}, phone: PHONE })) {
      const { page, complaints, foreign, shoot, findBarriers } = await world.open(own, { ...options, colorScheme: 'light' });
      await page.getByText(words).first().waitFor();
      // lazy pictures load when they are seen
      for (const picture of await page.locator('img').all()) await picture.scrollIntoViewIfNeeded();
      await eventually(async () => {
        expect(await page.evaluate('[...document.images].every(({ complete, naturalWidth }) => complete && naturalWidth > 0)')).toBe(true);
      });
      await shoot(`${name}-${device}-light`);
      expect((await findBarriers()).join('\n'), device).toBe('');
      await page.emulateMedia({ colorScheme: 'dark' });
      await shoot(`${name}-${device}-dark`);
      // the scheme changes colours alone
      expect((await findBarriers(OF_COLOURS)).join('\n'), `${device}, dark`).toBe('');
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), device).toBeLessThanOrEqual(0);
      expect(await page.locator('body').innerText()).not.toContain(PROMPT);
      expect([...complaints, ...foreign], device).toEqual([]);
      await page.context().close();
    }
  },
);

test('the overview counts what came home and what failed, and names the fault', async () => {
  const { page } = await world.open('/');
  const text = await page.locator('main').innerText();
  expect(text).toMatch(/Images home\s+12/);
  expect(text).toMatch(/Images failed\s+3/);
  expect(text).toMatch(/provider\.content-refused\s+3/);
  expect(text).toMatch(/upload\s+12/);
  await page.context().close();
});

test('generations are found by status, tag, code, tenant, id and its first digits', async () => {
  const ids = async (query: string): Promise<string[]> => {
    const page = await (await world.ask(`/generations?${query}`)).text();
    return [...page.matchAll(/class="open" href="generations\/([^"]+)"/g)].map(([, id = '']) => id).toSorted();
  };
  expect(await ids('status=failed')).toEqual(failed.toSorted());
  expect(await ids('code=provider.content-refused')).toEqual(failed.toSorted());
  expect(await ids('tag=summer&tenant=acme')).toEqual([...made, ...failed].toSorted());
  expect(await ids('tag=winter')).toEqual([]);
  expect(await ids(`id=${made[0]}`)).toEqual([made[0]]);
  expect(await ids(`id=${made[0]!.slice(0, 23)}`)).toContain(made[0]);
  expect(await (await world.ask('/generations?code=NOT%20A%20CODE')).text()).toContain('must be the code of an error');
});

test('the page follows what happens without a reload, and its keys move through the rows', async () => {
  const { page } = await world.open('/generations?tag=summer');
  await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }));
  const [generationId = ''] = await order(1);
  made.push(generationId);
  await page.getByText(generationId).waitFor();
  expect(await page.evaluate(() => 'isSamePage' in globalThis)).toBe(true);
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  expect(await page.evaluate("document.activeElement?.getAttribute('href')")).toMatch(/^generations\//);
  await page.keyboard.press('/');
  expect(await page.evaluate("document.activeElement?.getAttribute('name')")).toBe('id');
  await page.context().close();
});

test('a failed generation is retried from its page with a reason, which stands in the log with the operator', async () => {
  const { page, shoot, complaints } = await world.open(`/generations/${failed[0]}`);
  await page.getByText('Retry 1 image').first().click();
  await page.getByLabel('Reason, kept in the log of acts').first().fill('the filter was wrong');
  await page.getByRole('button', { name: 'Retry 1 image' }).click();
  await page.getByText('Bought again as').waitFor();
  await shoot('retried');
  expect(complaints).toEqual([]);
  expect(world.log()).toMatch(/"event":"act","act":"retry","on":"[^"]+","reason":"the filter was wrong","who":"darkroom"/);
  expect(world.log()).toContain('"event":"act.done"');
  const health = await (await world.ask('/health')).text();
  expect(health).toContain('the filter was wrong');
  await page.context().close();
});

test('acts need a reason, a page of our own, and a user who may act', async () => {
  const post = (fields: Record<string, string>, init: object = {}) =>
    world.ask(`/generations/${failed[1]}/retry`, { method: 'POST', body: new URLSearchParams(fields), ...init });
  expect((await post({})).status).toBe(400);
  expect((await post({ reason: 'x' }, { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403);
  expect((await post({ reason: 'x' }, { headers: { origin: 'https://other.example' } })).status).toBe(403);
  expect((await post({ reason: 'x' }, { as: LOOKS })).status).toBe(403);
  const page = await world.ask(`/generations/${failed[1]}`, { as: LOOKS });
  expect([page.status, (await page.text()).includes('Retry 1 image')]).toEqual([200, false]);
  expect((await world.ask(`/queues/api/queues/generations/${failed[1]}/retry`, { method: 'PUT', as: LOOKS })).status).toBe(403);
  expect((await world.producer.list({ status: 'queued' })).generations).toEqual([]);
});

test('the board retries a failed generation and cancels an open one through the library, and nothing else', async () => {
  const put = (path: string) => world.ask(`/queues/api/queues/generations/${path}`, { method: 'PUT' });
  expect((await put(`${failed[2]}/retry`)).status).toBe(204);
  const refused = await put(`${failed[2]}/retry`);
  const isKnown = refused.status === 204 || refused.status === 409;
  expect(isKnown).toBe(true);
  const { generationId } = await world.producer.enqueue(
    { positivePrompt: PROMPT, width: 1024, height: 1024 },
    { runAt: Date.now() + 3_600_000 },
  );
  expect((await put(`${generationId}/clean`)).status).toBe(204);
  await eventually(async () => expect((await world.producer.get(generationId)).status).toBe('cancelled'));
  for (const path of ['pause', 'promote', 'retry/failed', 'empty', `${generationId}/promote`])
    expect((await put(path)).status, path).toBe(403);
});

test('a flagged picture comes blurred, a withheld one not at all', async () => {
  const request = { positivePrompt: 'nsfw', safety: { checkContent: true } };
  const [flagged = ''] = await order(1, request);
  const [withheld = ''] = await order(1, request, { withholdFlagged: true });
  expect((await world.producer.get(flagged)).images[0]?.nsfwContent).toBe(true);
  const sizeOf = async (generationId: string): Promise<number> => {
    const answer = await world.ask(`/pictures/${generationId}/0/small`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/webp']);
    return (await answer.arrayBuffer()).byteLength;
  };
  // what a blur leaves takes a fraction of the bytes
  expect(await sizeOf(flagged)).toBeLessThan((await sizeOf(made[0]!)) / 2);
  for (const size of ['small', 'large', 'whole']) expect((await world.ask(`/pictures/${withheld}/0/${size}`)).status).toBe(404);
  expect((await world.ask(`/pictures/${failed[0]}/0/small`)).status).toBe(404);
  expect((await world.ask(`/pictures/${made[0]}/7/small`)).status).toBe(404);
  expect(await (await world.ask(`/generations/${withheld}`)).text()).toContain('Withheld.');
});

test('all that match a filter are counted, then retried with a reason, by pages without a barrier', async () => {
  await world.fleet.setFaults({ failContentPolicyRate: 1 });
  await order(2, {}, { tags: ['bulk'] });
  await world.fleet.setFaults({ failContentPolicyRate: 0 });
  const { page, complaints, shoot, findBarriers } = await world.open('/generations?tag=bulk&status=failed');
  await page.getByText('Change all of them').click();
  await shoot('many-offered');
  await page.getByRole('button', { name: 'Count for a retry' }).click();
  await page.getByText('2 generations with 2 images, at most 0.04 USD').waitFor();
  await shoot('many-counted');
  expect((await findBarriers()).join('\n')).toBe('');
  await page.getByLabel('Reason, kept in the log of acts').first().fill('the filter of the provider was wrong');
  await page.getByRole('button', { name: 'Retry 2 generations' }).click();
  await page.getByText('Done, bought again').waitFor();
  await shoot('many-done');
  expect((await findBarriers()).join('\n')).toBe('');
  await page.getByRole('link', { name: 'All acts on many generations' }).click();
  await page.getByText('the filter of the provider was wrong').waitFor();
  await shoot('many-list');
  expect((await findBarriers()).join('\n')).toBe('');
  await page.goto(`${world.url}/health`, { waitUntil: 'domcontentloaded' });
  await page.getByRole('link', { name: 'tag bulk' }).waitFor();
  await shoot('health-after');
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('a cap is lowered and buying is paused from the pages, with a reason; a cap is not raised', async () => {
  const { page, complaints } = await world.open('/spend');
  const change = async (usd: string): Promise<void> => {
    await page.goto(`${world.url}/spend`, { waitUntil: 'domcontentloaded' });
    await page.getByText('Lower a cap').click();
    await page.getByLabel('USD', { exact: true }).fill(usd);
    await page.getByLabel('Reason, kept in the log of acts').fill('a dear day');
    await page.getByRole('button', { name: 'Lower the cap' }).click();
  };
  await change('20');
  await page.getByText('The cap was lowered to 20 USD.').waitFor();
  await change('30');
  await page.getByText('this page only lowers caps. To raise it: darkroom caps --day 30').waitFor();
  await page.goto(`${world.url}/health`, { waitUntil: 'domcontentloaded' });
  await page.getByText('Pause buying').first().click();
  await page.getByLabel('Reason, kept in the log of acts').first().fill('the provider is slow');
  await page.getByRole('button', { name: 'Pause buying' }).click();
  await page.getByText('Paused (operator)').waitFor();
  const text = await page.locator('main').innerText();
  expect(text).toContain('by darkroom: the provider is slow');
  expect(text).toMatch(/lower-cap\s+allPerDay to 20 USD\s+darkroom\s+a dear day/);
  expect(await (await world.ask('/')).text()).toContain('the provider is slow');
  // the browser itself names the answer 409
  expect(complaints.filter((complaint) => !complaint.includes('409'))).toEqual([]);
  await page.context().close();
});
