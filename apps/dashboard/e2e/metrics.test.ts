import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createProducer } from '@darkroom/producer';
import { eventually, startDashboard, startFleet } from '@darkroom/testing';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Reads a page of metrics as Prometheus does. */
async function scrape(url: string) {
  const response = await fetch(`${url}/metrics`, { headers: { connection: 'close' } });
  const text = await response.text();
  expect(response.status, text).toBe(200);
  const lines = text.split('\n').filter((line) => line !== '');
  return {
    text,
    types: Object.fromEntries(
      lines.filter((line) => line.startsWith('# TYPE ')).map((line) => line.split(' ').slice(2) as [string, string]),
    ),
    /** Returns the value of a sample whose labels include these; undefined if there is none. */
    value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
      const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
      const line = lines.find((each) => each.startsWith(`${name}{`) && wanted.every((label) => each.includes(label)));
      return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ')));
    },
    /** Counters and histograms, with their labels. */
    counted: lines
      .filter((line) => /^darkroom_\w+_(total|bucket|sum|count)\{/.test(line))
      .map((line) => line.slice(0, line.lastIndexOf(' '))),
    labels: new Set([...text.matchAll(/="([^"]*)"/g)].map(([, value]) => value ?? '')),
  };
}

/** Reads the rows of docs/operations/metrics.md for one process: type by name. */
async function readDocumentedTypes(process: string): Promise<Record<string, string>> {
  const page = await readFile(join(root, 'docs/operations/metrics.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` \| (\w+) \| ([\w, -]+) \|/gm)];
  return Object.fromEntries(
    rows.filter(([, , , processes = '']) => processes.split(', ').includes(process)).map(([, name = '', type = '']) => [name, type]),
  );
}

test('each process measures one generation, and the page of metrics names exactly its metrics', async () => {
  const fleet = await startFleet({
    erasers: 1,
    apis: 1,
    notifiers: 1,
    faults: { uploadBeforeWebhookRate: 1 },
    workerEnv: { METRICS_TENANTS: 'acme, absent', DAILY_CAP_USD: '25', TENANT_DAILY_CAP_USD: '0.02' },
  });
  const producer = createProducer({ redisUrl: fleet.redisUrl });
  try {
    const dashboard = await startDashboard(fleet);
    const born = { worker: await scrape(fleet.workerUrls[0]!), receiver: await scrape(fleet.receiverUrl) };
    const prompt = 'a lighthouse at dusk';
    const { generationId } = await producer.enqueue({ positivePrompt: prompt, width: 1024, height: 1024 }, { tenant: 'acme' });
    const generation = await producer.wait(generationId, { timeoutMs: 20_000 });
    expect(generation.status).toBe('succeeded');

    // The last run of the settlement ends a moment after the generation is final.
    const worker = await eventually(async () => {
      const page = await scrape(fleet.workerUrls[0]!);
      expect(page.value('darkroom_run_seconds_count', { queue: 'settlements', outcome: 'finished' })).toBeGreaterThanOrEqual(1);
      expect(page.value('darkroom_jobs', { queue: 'settlements', state: 'active' })).toBe(0);
      return page;
    });
    expect(worker.value('darkroom_queue_wait_seconds_count')).toBe(1);
    expect(worker.value('darkroom_run_seconds_count', { queue: 'submissions', outcome: 'submitted' })).toBe(1);
    expect(worker.value('darkroom_submit_request_seconds_count', { verdict: 'accepted' })).toBe(1);
    expect(worker.value('darkroom_verdicts_total', { verdict: 'accepted', meaning: 'accepted' })).toBe(1);
    expect(worker.value('darkroom_provider_seconds_count')).toBe(1);
    expect(worker.value('darkroom_submissions_ended_total', { status: 'succeeded', road: 'upload' })).toBe(1);
    expect(worker.value('darkroom_image_seconds_count', { status: 'succeeded' })).toBe(1);
    expect(worker.value('darkroom_prices_total', { compared: 'as-listed' })).toBe(1);
    for (const period of ['day', 'month']) {
      expect(worker.value('darkroom_spend_usd', { period, part: 'spent' })).toBe(0.02);
      expect(worker.value('darkroom_spend_usd', { period, part: 'held' })).toBe(0);
    }
    expect(worker.value('darkroom_spend_usd', { period: 'day', part: 'cap' })).toBe(25);
    const imageSeconds = worker.value('darkroom_image_seconds_sum', { status: 'succeeded' })!;
    expect(imageSeconds).toBeGreaterThan(worker.value('darkroom_provider_seconds_sum')!);
    expect(imageSeconds).toBeLessThan(20);
    expect(worker.value('darkroom_backlog')).toBe(0);
    expect(worker.value('darkroom_buying_paused', { kind: 'account' })).toBe(0);
    expect(worker.value('darkroom_provider_failures')).toBe(0);
    expect(worker.value('darkroom_jobs', { queue: 'submissions', state: 'failed' })).toBe(0);

    expect((await fetch(`${fleet.receiverUrl}/webhooks/runware?capability=guess`, { method: 'POST', body: '{}' })).status).toBe(401);
    const receiver = await scrape(fleet.receiverUrl);
    expect(receiver.value('darkroom_deliveries_total', { kind: 'recorded' })).toBe(1);
    expect(receiver.value('darkroom_wakes_total', { kind: 'woken' })).toBe(1);
    expect(receiver.value('darkroom_delivery_refusals_total', { reason: 'malformed' })).toBe(1);
    expect(receiver.value('darkroom_webhook_request_seconds_count', { status: '200' })).toBe(1);
    expect(receiver.value('darkroom_webhook_request_seconds_count', { status: '401' })).toBe(1);

    const [{ version }, age] = [
      JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string },
      'darkroom_oldest_waiting_seconds',
    ];
    expect(worker.value('darkroom_generations_ended_total', { status: 'succeeded' })).toBe(1);
    for (const status of ['partial', 'failed', 'cancelled', 'expired'])
      expect(born.worker.value('darkroom_generations_ended_total', { status })).toBe(0);
    for (const [tenant, spent] of Object.entries({ acme: 0.02, absent: 0, other: 0 }))
      expect(worker.value('darkroom_tenant_spend_usd', { tenant, period: 'day', part: 'spent' }), tenant).toBe(spent);
    for (const stage of ['queued', 'running']) expect(worker.value(age, { stage })).toBe(0);
    for (const status of ['lost', 'unknown']) expect(worker.value('darkroom_paid_not_here_total', { status })).toBe(0);
    expect(worker.value('darkroom_outcomes_unknown')).toBe(0);
    expect(worker.value('darkroom_redis_memory_bytes', { part: 'used' })).toBeGreaterThan(1e6);
    expect(worker.value('darkroom_redis_memory_bytes', { part: 'limit' })).toBe(0);
    expect(worker.value('darkroom_redis_evicted_keys_total')).toBe(0);
    expect(worker.value('darkroom_redis_shortcomings', { kind: 'eviction' })).toBe(0);
    expect(worker.value('darkroom_credentials_expire_timestamp_seconds')).toBe(0);
    expect(worker.value('darkroom_connected', { service: 's3' })).toBe(1);

    // Callers are not scraped: a worker tells their refusals.
    expect(worker.value('darkroom_enqueues_refused_total', { code: 'spend.cap-reached' })).toBe(0);
    await expect(producer.enqueue({ positivePrompt: prompt }, { tenant: 'acme' })).rejects.toMatchObject({ code: 'spend.cap-reached' });
    expect((await scrape(fleet.workerUrls[0]!)).value('darkroom_enqueues_refused_total', { code: 'spend.cap-reached' })).toBe(1);

    expect((await fleet.workers[0]!.log()).split('\n')[0]).toContain(`"event":"process.starts","version":"${version}"`);
    const ends = await eventually(async () => {
      const found = (await fleet.workers[0]!.log()).match(/^.*"generation.ended".*$/gm) ?? [];
      expect(found).toHaveLength(1);
      return found.map((line) => JSON.parse(line) as Record<string, unknown>);
    });
    expect(ends[0]).toMatchObject({
      generationId,
      tenant: 'acme',
      status: 'succeeded',
      costUsd: '0.02',
      road: 'upload',
      images: 1,
      made: 1,
    });
    expect(ends[0]?.['seconds']).toBeLessThan(20);

    // Each counter existed with 0 before its first event, so that an alarm sees that event.
    expect(worker.counted.filter((series) => !born.worker.counted.includes(series))).toEqual([]);
    expect(receiver.counted.filter((series) => !born.receiver.counted.includes(series))).toEqual([]);
    expect(born.worker.value('darkroom_submissions_ended_total', { status: 'lost' })).toBe(0);
    expect(born.worker.value('darkroom_reconcile_findings_total', { kind: 'ledger-drift', action: 'repaired' })).toBe(0);
    expect(born.receiver.value('darkroom_delivery_refusals_total', { reason: 'forged' })).toBe(0);

    const board = await scrape(dashboard.url);
    for (const queue of ['submissions', 'settlements', 'maintenance'])
      expect(board.value('darkroom_jobs', { queue, state: 'active' })).toBe(0);

    const eraser = await scrape(fleet.erasers[0]!.url);
    expect(eraser.value('darkroom_uploads_left')).toBe(0);
    expect((await fetch(`${fleet.apis[0]!.url}/v1/spend`)).status).toBe(401);
    const api = await scrape(fleet.apis[0]!.url);
    expect(api.value('darkroom_api_requests_total', { operation: 'getSpend', status: '401' })).toBe(1);

    const notifier = await scrape(fleet.notifiers[0]!.url);
    expect(notifier.value('darkroom_notifications_total', { state: 'delivered' })).toBe(0);

    for (const [process, page] of Object.entries({ worker, 'webhook-receiver': receiver, dashboard: board, eraser, api, notifier })) {
      expect(page.types, process).toEqual(await readDocumentedTypes(process));
      expect(page.value('darkroom_build_info', { version, process }), process).toBe(1);
      expect(page.value('darkroom_connected', { service: 'redis' }), process).toBe(1);
      expect(page.text, process).not.toContain(generationId);
      expect(page.text, process).not.toContain(prompt);
      for (const label of page.labels) expect(label, process).toMatch(/^(\+Inf|[\w.-]{1,40})$/);
    }
    expect(await dashboard.stop()).toBe(0);
  } finally {
    await producer.close();
    await fleet.stop();
  }
});

test('while Redis is away the page of metrics has no values of queues', async () => {
  const fleet = await startFleet();
  try {
    process.kill(fleet.redis.pid!, 'SIGSTOP');
    const page = await scrape(fleet.workerUrls[0]!);
    expect(page.types['darkroom_backlog']).toBe('gauge');
    expect(page.value('darkroom_backlog')).toBeUndefined();
    expect(page.value('darkroom_jobs')).toBeUndefined();
    expect(page.value('process_resident_memory_bytes')).toBeGreaterThan(1e6);
  } finally {
    process.kill(fleet.redis.pid!, 'SIGCONT');
    await fleet.stop();
  }
});
