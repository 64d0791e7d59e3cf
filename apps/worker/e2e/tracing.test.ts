import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createProducer } from '@darkroom/producer';
import { eventually, startFleet } from '@darkroom/testing';
import { expect, onTestFinished, test } from 'vitest';

interface Attribute {
  key: string;
  value: { stringValue?: string; intValue?: number; doubleValue?: number; boolValue?: boolean };
}

/** A span in the JSON of OTLP (OpenTelemetry protocol 1, "JSON Protobuf Encoding"). */
interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: Attribute[];
  links?: { traceId: string; spanId: string }[];
  status: { code?: number };
}

interface Batch {
  resourceSpans: { resource: { attributes: Attribute[] }; scopeSpans: { spans: Span[] }[] }[];
}

/** Starts a collector of OTLP over HTTP that keeps what it gets. */
async function startCollector() {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      bodies.push(`${request.url} ${body}`);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // listens on a port
    text: () => bodies.join('\n'),
    spans: () =>
      bodies.flatMap((body) =>
        (JSON.parse(body.slice(body.indexOf(' '))) as Batch).resourceSpans.flatMap(({ resource, scopeSpans }) =>
          scopeSpans.flatMap(({ spans }) =>
            spans.map((span) => ({ ...span, service: resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue })),
          ),
        ),
      ),
  };
}

/** Sends each second batch soon: the default of the libraries is five seconds. */
const tracedTo = (url: string) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_BSP_SCHEDULE_DELAY: '200' });

/** Prints a trace: each span with its begin and its length in milliseconds, its process, and what it says. */
function asText(trace: readonly (Span & { service: string | undefined })[]): string {
  const from = Math.min(...trace.map(beginOf));
  const rows = trace
    .toSorted((one, other) => Number(other.name === 'image') - Number(one.name === 'image') || beginOf(one) - beginOf(other))
    .map((span) => {
      const length = Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6;
      const said = span.attributes.flatMap(({ key, value }) =>
        /^darkroom\.(generation_id|task_uuid|submission|image_index)$/.test(key)
          ? []
          : [`${key.slice('darkroom.'.length)}=${String(Object.values(value)[0])}`],
      );
      const [begin, ms] = [beginOf(span) - from, length].map((each) => each.toFixed(0).padStart(6));
      const name = span.name === 'image' ? 'image' : `  ${span.name}`;
      return `${name.padEnd(12)}${begin}${ms}  ${(span.service ?? '').replace('darkroom-', '').padEnd(18)}${said.join(' ')}`.trimEnd();
    });
  return [`${'span'.padEnd(12)}${'at ms'.padStart(6)}${'ms'.padStart(6)}  ${'process'.padEnd(18)}attributes`, ...rows].join('\n');
}
const beginOf = ({ startTimeUnixNano }: Span): number => Number(BigInt(startTimeUnixNano) / 1_000_000n);

const of = (span: Span, name: string): unknown =>
  Object.values(span.attributes.find(({ key }) => key === `darkroom.${name}`)?.value ?? {})[0];

test('each image is one trace over all processes, linked to that of its caller, and no span holds a prompt, a URL or a secret', async () => {
  const collector = await startCollector();
  const fleet = await startFleet({ env: tracedTo(collector.url) });
  const producer = createProducer({ redisUrl: fleet.redisUrl });
  const prompt = 'a canary on a perch';
  const caller = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8) };
  try {
    const { generationId } = await producer.enqueue(
      { positivePrompt: prompt, width: 1024, height: 1024, numberResults: 2 },
      { traceparent: `00-${caller.traceId}-${caller.spanId}-01` },
    );
    const { images } = await producer.wait(generationId, { timeoutMs: 60_000 });
    await eventually(async () => expect(collector.spans().filter(({ name }) => name === 'image')).toHaveLength(2), { withinMs: 20_000 });
    await eventually(async () => expect(collector.spans().filter(({ name }) => name === 'delivery').length).toBeGreaterThanOrEqual(2), {
      withinMs: 20_000,
    });

    const spans = collector.spans();
    for (const { taskUUID, index } of images) {
      const trace = spans.filter(({ traceId }) => traceId === taskUUID.replaceAll('-', ''));
      const [root, ...others] = trace.filter(({ name }) => name === 'image');
      expect(others).toEqual([]);
      expect(root?.parentSpanId ?? '').toBe('');
      expect(of(root!, 'generation_id')).toBe(generationId);
      expect(of(root!, 'image_index')).toBe(index);
      expect(of(root!, 'status')).toBe('succeeded');
      expect(of(root!, 'cost_usd')).toBe('0.02');
      expect(root?.links).toMatchObject([caller]);
      const children = trace.filter(({ name }) => name !== 'image');
      expect(children.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['wait', 'intent', 'submit', 'delivery', 'verify', 'keep', 'record', 'settle']),
      );
      for (const child of children) expect(child.parentSpanId, child.name).toBe(root?.spanId);
      expect(new Set(trace.map(({ service }) => service))).toEqual(new Set(['darkroom-worker', 'darkroom-webhook-receiver']));
      const submit = children.find(({ name }) => name === 'submit');
      expect(BigInt(submit!.startTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(root!.startTimeUnixNano));
      expect(BigInt(submit!.endTimeUnixNano)).toBeLessThanOrEqual(BigInt(root!.endTimeUnixNano));
    }
    const text = asText(spans.filter(({ traceId }) => traceId === images[0]?.taskUUID.replaceAll('-', '')));
    const page = await readFile(new URL('../../../docs/operations/traces.md', import.meta.url), 'utf8');
    const shown = /```text\n(?<lines>[^`]+)\n```/.exec(page)?.groups?.['lines'] ?? '';
    // all but the times, the order of what happens at once, and questions, which a slow machine asks
    const shapeOf = (lines: string): string[] =>
      [...new Set(lines.split('\n').map((line) => line.replaceAll(/ +\d+ +\d+ +/g, ' ')))]
        .filter((line) => !line.startsWith('  look'))
        .toSorted();
    expect(shapeOf(text), `the page shows another trace than this one:\n${text}\n`).toEqual(shapeOf(shown));
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(2);
    for (const secret of [prompt, 'X-Amz-', 'capability', 'http://127', fleet.s3Config.credentials.secretAccessKey])
      expect(collector.text()).not.toContain(secret);
  } finally {
    await producer.close();
    await fleet.stop();
  }
});

test('a collector that takes connections and never answers costs no image', async () => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  onTestFinished(() => {
    silent.close();
    silent.closeAllConnections();
  });
  const fleet = await startFleet({ env: tracedTo(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`) }); // listens on a port
  const producer = createProducer({ redisUrl: fleet.redisUrl });
  try {
    const generation = await producer.generate({ positivePrompt: 'a lighthouse', width: 1024, height: 1024 }, { timeoutMs: 60_000 });
    expect(generation.status).toBe('succeeded');
  } finally {
    await producer.close();
    await fleet.stop();
  }
});
