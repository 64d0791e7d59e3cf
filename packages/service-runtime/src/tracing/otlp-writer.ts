import { createHash } from 'node:crypto';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags, type Attributes, type Link } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AlwaysOnSampler, BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { readVersion } from '../version.ts';
import type { ImageSpan } from './image-span.ts';

/** Longest wait for the collector to take a batch. */
const EXPORT_LIMIT_MS = 5000;

const traceIdOf = (taskUUID: string): string => taskUUID.replaceAll('-', '').toLowerCase();
/** The same in every process, so that spans find their root without a word between the processes. */
const rootSpanIdOf = (traceId: string): string => createHash('sha256').update(`darkroom/image/${traceId}`).digest('hex').slice(0, 16);
const newSpanId = (): string => globalThis.crypto.randomUUID().replaceAll('-', '').slice(0, 16);

/**
 * Creates a writer that sends spans to an OTLP collector over HTTP, in batches. The trace of a purchase is its task id: 128 bits that each process
 * knows which knows the purchase, so nothing is stored or passed on for it. All are sent; a collector samples by the trace id or by status.
 */
export function createOtlpWriter({ process, endpoint }: { process: string; endpoint: string }) {
  const next = { traceId: '', spanId: '' };
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces`, timeoutMillis: EXPORT_LIMIT_MS });
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': `darkroom-${process}`, 'service.version': readVersion() }),
    sampler: new AlwaysOnSampler(),
    spanProcessors: [new BatchSpanProcessor(exporter)],
    idGenerator: { generateTraceId: () => next.traceId, generateSpanId: () => next.spanId },
  });
  const tracer = provider.getTracer('darkroom', readVersion());
  return {
    write({ name, taskUUID, startedAt, endedAt, attributes, isError = false, traceparent }: ImageSpan): void {
      const traceId = traceIdOf(taskUUID);
      const isRoot = name === 'image';
      const root = { traceId, spanId: rootSpanIdOf(traceId), traceFlags: TraceFlags.SAMPLED };
      next.traceId = traceId;
      next.spanId = isRoot ? root.spanId : newSpanId();
      const span = tracer.startSpan(
        name,
        {
          startTime: startedAt,
          kind: kinds[name],
          attributes: Object.fromEntries(
            Object.entries({ ...attributes, 'darkroom.task_uuid': taskUUID }).filter(([, value]) => value !== undefined),
          ) as Attributes, // without undefined
          links: linksTo(traceparent),
        },
        isRoot ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, root),
      );
      if (isError) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end(Math.max(startedAt, endedAt));
    },
    close: () => provider.shutdown(),
  };
}

const kinds: Readonly<Record<ImageSpan['name'], SpanKind>> = {
  image: SpanKind.INTERNAL,
  wait: SpanKind.INTERNAL,
  intent: SpanKind.CLIENT,
  submit: SpanKind.CLIENT,
  delivery: SpanKind.SERVER,
  look: SpanKind.CLIENT,
  download: SpanKind.CLIENT,
  verify: SpanKind.INTERNAL,
  keep: SpanKind.CLIENT,
  record: SpanKind.CLIENT,
  settle: SpanKind.INTERNAL,
};

function linksTo(traceparent: string | undefined): Link[] {
  const [, traceId, spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined) return [];
  return [{ context: { traceId, spanId, traceFlags: Number.parseInt(flags ?? '0', 16), isRemote: true } }];
}
