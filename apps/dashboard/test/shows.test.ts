import { taskUuidOf } from '@darkroom/contracts';
import { buildGenerationStore, defaultRetention } from '@darkroom/generation-store';
import { jobIdOf } from '@darkroom/queues';
import { eventually } from '@darkroom/testing';
import { DelayedError, Worker } from 'bullmq';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { buildRef, openWorld, startDashboard } from './setup.ts';

const PROMPT = 'a lighthouse at dusk';
const SECRET = 'sk-9f8e7d6c5b4a';

const jobAnswerSchema = z.object({ job: z.object({ timestamp: z.number(), delay: z.number(), opts: z.object({ delay: z.number() }) }) });

async function setup() {
  const world = openWorld();
  return { ...world, ...(await startDashboard(world)) };
}

test('a parked settlement is shown with its submission', async () => {
  const { ask, park } = await setup();
  const ref = await park(buildRef(3));
  const { body } = await ask('GET', '/queues/api/queues?activeQueue=settlements&status=delayed&page=1');
  const { queues } = JSON.parse(body) as { queues: { name: string; displayName: string; description: string; jobs: unknown[] }[] };
  const settlements = queues.find(({ name }) => name === 'settlements');
  expect(settlements?.displayName).toBe('Settlements: in flight');
  expect(settlements?.description).toContain('Delayed lists what is in flight');
  expect(settlements?.jobs).toMatchObject([
    {
      id: taskUuidOf(ref),
      name: `settle image 3, submission 1 of …${ref.generationId.slice(-8)}`,
      data: { ...ref, taskUUID: taskUuidOf(ref) },
      opts: { jobId: taskUuidOf(ref), delay: 3_600_000 },
    },
  ]);
});

test('a job that was parked again is shown with the time of its next run', async () => {
  const { ask, park, settlements, redis, prefix } = await setup();
  const ref = await park();
  const worker = new Worker(
    'settlements',
    async (job, token) => {
      await job.moveToDelayed(Date.now() + 1_800_000, token);
      throw new DelayedError();
    },
    { connection: redis, prefix },
  );
  onTestFinished(() => worker.close());
  const parkedAt = Date.now();
  await settlements.wake(ref);
  const job = await eventually(async () => {
    const { job: shown } = jobAnswerSchema.parse(JSON.parse((await ask('GET', `/queues/api/queues/settlements/${jobIdOf(ref)}`)).body));
    expect(shown.opts.delay).toBeDefined();
    return shown;
  });
  // the sum that the board shows
  expect(Math.abs(job.timestamp + job.opts.delay - (parkedAt + 1_800_000))).toBeLessThan(2000);
  expect(job.delay).toBe(job.opts.delay);
});

test('the page loads the stylesheet of Darkroom and nothing of another site', async () => {
  const { ask } = await setup();
  const { body } = await ask('GET', '/queues/queue/settlements');
  expect(body).toContain('<link href="darkroom.css" rel="stylesheet"></head>');
  expect(body.match(/(href|src)="https?:/g)).toBeNull();
  const { body: style, headers } = await ask('GET', '/queues/darkroom.css');
  expect(headers.get('content-type')).toBe('text/css');
  expect(style).toContain("[role='menuitem']:has(> .lucide-trash-2)");
});

test('the reason of a failed job is shown', async () => {
  const { ask, fail } = await setup();
  const ref = await fail(buildRef(), `POST https://example.com/v1?apiKey=${SECRET} failed`);
  const { body } = await ask('GET', `/queues/api/queues/submissions/${jobIdOf(ref)}`);
  expect(body).toContain('POST https://example.com/v1?apiKey=[redacted] failed');
});

test('no answer holds the prompts and secrets of a foreign or edited job', async () => {
  const { ask, routes, submissions, fail, redis, prefix } = await setup();
  const { queue } = submissions;
  // every field of a job that Darkroom did not create
  const foreign = await queue.add(
    PROMPT,
    { positivePrompt: PROMPT, apiKey: SECRET },
    { jobId: 'foreign', delay: 3_600_000, deduplication: { id: `${PROMPT} ${SECRET}` } },
  );
  await foreign.updateProgress({ prompt: PROMPT, key: SECRET });
  await foreign.log(`${PROMPT} ${SECRET}`);
  const jobKey = `${prefix}:submissions:foreign`;
  const stack = JSON.stringify([`Error: ${PROMPT} ${SECRET}`]);
  await redis.hset(jobKey, {
    failedReason: `${PROMPT} ${SECRET}`,
    stacktrace: stack,
    returnvalue: JSON.stringify({ PROMPT, SECRET }),
    defa: PROMPT,
  });
  // and the fields of a job of Darkroom that could hold them
  const ref = await fail(buildRef(), `{"positivePrompt":"${PROMPT}"} Authorization: Bearer ${SECRET}`);
  await redis.hset(`${prefix}:submissions:${jobIdOf(ref)}`, {
    data: JSON.stringify({ version: 1, ...ref, positivePrompt: PROMPT, apiKey: SECRET }),
    returnvalue: JSON.stringify(`${PROMPT} ${SECRET}`),
  });
  await queue.upsertJobScheduler('schedule', { every: 3_600_000 }, { name: 'reconcile', data: { prompt: PROMPT, key: SECRET } });

  const reading = routes.filter(({ method }) => method === 'GET').map(({ route }) => route);
  const answers: string[] = [];
  for (const route of new Set(reading)) {
    for (const jobId of ['foreign', jobIdOf(ref)]) {
      const path = route.replace(':queueName', 'submissions').replace(':jobId', jobId).replace('*', 'images/logo.svg');
      answers.push((await ask('GET', path)).body);
    }
  }
  for (const status of ['latest', 'failed', 'delayed', 'waiting', 'active', 'completed', 'prioritized']) {
    answers.push((await ask('GET', `/queues/api/queues?activeQueue=submissions&status=${status}&page=1&jobsPerPage=100`)).body);
  }
  answers.push((await ask('GET', `/queues/api/queues/submissions/${jobIdOf(ref)}/flow?root=node`)).body);
  const all = answers.join('\n');
  expect(all).not.toContain(PROMPT);
  expect(all).not.toContain(SECRET);
  // the jobs were in the answers
  expect(all).toContain('"id":"foreign"');
  expect(all).toContain('(not shown)');
  expect(all).toContain(jobIdOf(ref));
});

test('the words of a provider are sent as JSON text, which no browser runs', async () => {
  const { ask, fail } = await setup();
  const markup = '</script><script>alert(1)</script><img src=x onerror=alert(1)>';
  const ref = await fail(buildRef(), `the provider said ${markup}`);
  for (const path of [
    `/queues/api/queues/submissions/${jobIdOf(ref)}`,
    '/queues/api/queues?activeQueue=submissions&status=failed&page=1&jobsPerPage=10',
  ]) {
    const { headers, body } = await ask('GET', path);
    expect(headers.get('content-type'), path).toMatch(/^application\/json/);
    expect(headers.get('x-content-type-options'), path).toBe('nosniff');
    expect(headers.get('content-security-policy'), path).toMatch(/script-src 'self'(;|$)/);
    expect(JSON.stringify(JSON.parse(body))).toContain(JSON.stringify(markup).slice(1, -1));
  }
  const page = await ask('GET', `/queue/submissions/${jobIdOf(ref)}`);
  expect(page.body).not.toContain('alert(1)');
  // nor does a page repeat a name from the address
  expect((await ask('GET', `/queue/${encodeURIComponent(markup)}`)).body).not.toContain('<script>alert');
});

test('overview and health name the last failure of a provider in trouble', async () => {
  const { ask, redis, prefix } = await setup();
  const pollRate = { perSecond: 1, burst: 1 };
  const store = buildGenerationStore({ prefix, retention: defaultRetention, pollRate }, redis);
  const trouble = { generationId: 'a', tolerated: 1, firstWaitMs: 60_000, maxWaitMs: 60_000, code: 'rateLimitExceeded' };
  await store.reportTrouble(trouble);
  expect((await ask('GET', '/')).body).toContain('requests failed, the last with <code>rateLimitExceeded</code>');
  expect((await ask('GET', '/health')).body).toContain('requests failed, the last with rateLimitExceeded');
});

test('a page has at most fifty jobs, for every query', async () => {
  const { ask, submissions } = await setup();
  await submissions.add(Array.from({ length: 120 }, (_, index) => ({ ...buildRef(index % 20), n: 1 + Math.floor(index / 20) })));
  for (const asked of [
    'jobsPerPage=100000',
    'jobsPerPage=1&jobsPerPage=100000',
    'jobsPerPage=-5',
    'jobsPerPage=x&page=-1',
    'jobsPerPage=1e9&page=1',
  ]) {
    const { status, body } = await ask('GET', `/queues/api/queues?activeQueue=submissions&status=waiting&${asked}`);
    expect(status).toBe(200);
    const { queues } = JSON.parse(body) as { queues: { name: string; jobs: unknown[] }[] };
    expect(queues.find(({ name }) => name === 'submissions')?.jobs.length, asked).toBeLessThanOrEqual(50);
  }
});

test.each(['a proxy that keeps its path', 'a proxy that cuts its path'])(
  'the page, its assets and its requests work behind %s',
  async (proxy) => {
    const world = openWorld();
    const { ask } = await startDashboard(world, { path: '/ops/darkroom' });
    const through = (path: string) => ask('GET', proxy.includes('keeps') ? path : path.replace('/ops/darkroom', ''));
    const page = await through('/ops/darkroom/queues/');
    expect(page.status).toBe(200);
    const base = /<base href="([^"]*)"/.exec(page.body)?.[1] ?? '';
    expect(base).toBe('/ops/darkroom/queues/');
    const assets = [...page.body.matchAll(/(?:src|href)="([^":]+\.(?:js|css|svg))"/g)].map(
      ([, path = '']) => new URL(path, `http://x${base}`).pathname,
    );
    expect(assets.length).toBeGreaterThan(2);
    for (const asset of assets) expect([asset, (await through(asset)).status]).toEqual([asset, 200]);
    expect((await through('/ops/darkroom/queues/api/queues')).status).toBe(200);
    expect((await through('/ops/darkroom/queues/api/queues/submissions/obliterate')).status).not.toBe(200);
    for (const link of ['/ops/darkroom/metrics', '/ops/darkroom/readyz']) {
      expect(page.body).toContain(link);
      expect((await through(link)).status).toBe(200);
    }
  },
);
