import fc from 'fast-check';
import { fastify } from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import { createMetrics } from './create-metrics.ts';
import { labelSets } from './label-sets.ts';
import { safeLabel } from './metrics.ts';
import { createMetricsRoutes } from './routes.ts';

const linesOf = async (metrics: ReturnType<typeof createMetrics>, name: string): Promise<string[]> =>
  (await metrics.render()).text.split('\n').filter((line) => line.startsWith(name));

test('a counter counts by label, with the process on its line', async () => {
  const metrics = createMetrics({ process: 'worker' });
  const counter = metrics.counter({ name: 'darkroom_things_total', help: 'Things.', labels: ['kind'], known: [] });
  counter.add({ kind: 'a' });
  counter.add({ kind: 'a' }, 2);
  expect(await linesOf(metrics, 'darkroom_things_total')).toEqual(['darkroom_things_total{kind="a",process="worker"} 3']);
});

test('the known label sets of a counter and the buckets of a histogram exist with 0 from the start', async () => {
  const metrics = createMetrics({ process: 'worker' });
  const known = labelSets({ kind: ['a', 'b'], way: ['in', 'out'] });
  metrics.counter({ name: 'darkroom_born_total', help: 'Born.', labels: ['kind', 'way'], known });
  metrics.readCounter({ name: 'darkroom_read_total', help: 'Read.', labels: ['kind'], known: [{ kind: 'a' }, { kind: 'b' }] }, () => [
    { labels: { kind: 'b' }, value: 7 },
  ]);
  metrics.histogram({ name: 'darkroom_age_seconds', help: 'Age.', buckets: [1], labels: ['kind'], known: [{ kind: 'a' }] });
  for (let page = 0; page < 2; page += 1) {
    expect(await linesOf(metrics, 'darkroom_born_total')).toEqual(
      known.map(({ kind, way }) => `darkroom_born_total{kind="${kind}",way="${way}",process="worker"} 0`),
    );
    expect(await linesOf(metrics, 'darkroom_read_total')).toEqual([
      'darkroom_read_total{kind="a",process="worker"} 0',
      'darkroom_read_total{kind="b",process="worker"} 7',
    ]);
    expect(await linesOf(metrics, 'darkroom_age_seconds_count')).toEqual(['darkroom_age_seconds_count{process="worker",kind="a"} 0']);
  }
});

test('a histogram counts and adds up', async () => {
  const metrics = createMetrics({ process: 'worker' });
  const histogram = metrics.histogram({ name: 'darkroom_wait_seconds', help: 'Waits.', buckets: [1, 10] });
  histogram.observe({}, 0.5);
  histogram.observe({}, 5);
  expect(await linesOf(metrics, 'darkroom_wait_seconds')).toEqual([
    'darkroom_wait_seconds_bucket{le="1",process="worker"} 1',
    'darkroom_wait_seconds_bucket{le="10",process="worker"} 2',
    'darkroom_wait_seconds_bucket{le="+Inf",process="worker"} 2',
    'darkroom_wait_seconds_sum{process="worker"} 5.5',
    'darkroom_wait_seconds_count{process="worker"} 2',
  ]);
});

test('read metrics are read again for each page, without old samples', async () => {
  const metrics = createMetrics({ process: 'worker' });
  let samples = [{ labels: { state: 'waiting' }, value: 3 }];
  metrics.readGauge({ name: 'darkroom_jobs', help: 'Jobs.', labels: ['state'] }, () => samples);
  expect(await linesOf(metrics, 'darkroom_jobs')).toEqual(['darkroom_jobs{state="waiting",process="worker"} 3']);
  samples = [{ labels: { state: 'active' }, value: 1 }];
  expect(await linesOf(metrics, 'darkroom_jobs')).toEqual(['darkroom_jobs{state="active",process="worker"} 1']);
});

test('a metric that cannot be read in time has no samples, and the page still renders', async () => {
  const metrics = createMetrics({ process: 'worker' });
  metrics.readGauge({ name: 'darkroom_broken', help: 'Broken.' }, () => Promise.reject(new Error('away')));
  metrics.readCounter({ name: 'darkroom_frozen_total', help: 'Frozen.' }, () => new Promise<never>(() => {}));
  const { text } = await metrics.render();
  expect(text).toContain('# TYPE darkroom_broken gauge');
  expect(text).toContain('# TYPE darkroom_frozen_total counter');
  expect(text.split('\n').filter((line) => /^darkroom_(broken|frozen)/.test(line))).toEqual([]);
});

test('a read counter that cannot be read has no zeros in place of its counts', async () => {
  const metrics = createMetrics({ process: 'worker' });
  let isAway = false;
  const definition = {
    name: 'darkroom_ends_total',
    help: 'Ends.',
    labels: ['status'] as const,
    known: [{ status: 'lost' }, { status: 'failed' }],
  };
  metrics.readCounter(definition, () => {
    if (isAway) throw new Error('away');
    return [{ labels: { status: 'lost' }, value: 3 }];
  });
  const lines = ['darkroom_ends_total{status="lost",process="worker"} 3', 'darkroom_ends_total{status="failed",process="worker"} 0'];
  expect(await linesOf(metrics, 'darkroom_ends_total')).toEqual(lines);
  isAway = true;
  expect(await linesOf(metrics, 'darkroom_ends_total')).toEqual([]);
  isAway = false;
  expect(await linesOf(metrics, 'darkroom_ends_total')).toEqual(lines);
});

test('two processes in one program share nothing', async () => {
  const [one, other] = [createMetrics({ process: 'one' }), createMetrics({ process: 'other' })];
  const definition = { name: 'darkroom_things_total', help: 'Things.' };
  one.counter(definition).add({});
  other.counter(definition);
  expect(await linesOf(one, 'darkroom_things_total')).toEqual(['darkroom_things_total{process="one"} 1']);
  expect(await linesOf(other, 'darkroom_things_total')).toEqual(['darkroom_things_total{process="other"} 0']);
});

test('measures the process itself', async () => {
  const { text } = await createMetrics({ process: 'worker' }).render();
  expect(Number(/process_resident_memory_bytes\{.*\} (\d+)/.exec(text)?.[1])).toBeGreaterThan(1e6);
  expect(Number(/process_cpu_seconds_total\{.*\} ([\d.]+)/.exec(text)?.[1])).toBeGreaterThan(0);
  expect(Number(/nodejs_eventloop_utilization_ratio\{.*\} ([\d.e-]+)/.exec(text)?.[1])).toBeLessThanOrEqual(1);
});

test.for([
  ['accepted', 'accepted'],
  ['image-url', 'image-url'],
  ['503', '503'],
  ['', 'other'],
  ['a lighthouse at dusk', 'other'],
  ['https://im.runware.ai/1.jpg', 'other'],
  ['019a9c5e-0000-7000-8000-000000000000', 'other'],
  ['generation-019a9c5e-0000-7000-8000-000000000000', 'other'],
  ['d41d8cd98f00b204e9800998ecf8427e', 'other'],
  ['x'.repeat(41), 'other'],
])('writes the label value %j as %j', ([value, written]) => {
  expect(safeLabel(value!)).toBe(written);
});

test('no text with a space, a slash or a quote becomes a label', () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom(' ', '/', '"', '\n', '?', '='), fc.string(), (before, sign, after) => {
      expect(safeLabel(before + sign + after)).toBe('other');
    }),
  );
});

test('serves the page in the format of Prometheus', async () => {
  const server = fastify();
  onTestFinished(() => server.close());
  await server.register(createMetricsRoutes(createMetrics({ process: 'worker' })));
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const response = await fetch(`${url}/metrics`, { headers: { connection: 'close' } });
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(await response.text()).toContain('# HELP process_resident_memory_bytes');
});
