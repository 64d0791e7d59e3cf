import { setTimeout as delay } from 'node:timers/promises';
import { isFinalGeneration, type GenerationStatus, type GenerationView } from '@darkroom/contracts';
import type { EnqueueOptions, Producer } from '@darkroom/producer';
import { z } from 'zod';
import { runApp } from '../fleet/run-app.ts';
import type { Stack } from '../fleet/stack.ts';
import type { Order } from './orders.ts';
import { operateUntilDone } from './rules.ts';
import { CROWDED } from './tenants.ts';

/** Name of the API among the processes of a run. */
export const API = 'api';
/** Tenants whose backends are written in another language. */
const TENANTS = [CROWDED, ...Array.from({ length: 6 }, (_, at) => `tenant-${at}`)];
const CALL_MS = 5000;
const LOOK_EVERY_MS = 100;

/** What a caller does with an order, by the library or by HTTP. */
export interface OrderCalls {
  enqueue(request: Order['request'], options: EnqueueOptions): Promise<{ generationId: string }>;
  /** @returns the generation; of the HTTP API nothing that the judge reads. */
  wait(generationId: string, options: { timeoutMs: number; signal: AbortSignal }): Promise<GenerationView | undefined>;
  cancel(generationId: string): Promise<unknown>;
}

/** Returns true if the caller of an order uses the HTTP API, which takes one reference image as it is shipped. */
export const isByHttp = ({ tenant, request, erases, withholds }: Pick<Order, 'tenant' | 'request' | 'erases' | 'withholds'>): boolean =>
  TENANTS.includes(tenant) && erases === undefined && withholds === undefined && (request.inputs?.referenceImages?.length ?? 0) <= 1;

const keySchema = z.object({ key: z.string() });
const generationSchema = z.object({ generationId: z.string(), status: z.string() });
const problemSchema = z.object({ code: z.string(), detail: z.string() });

/** Makes an API key for each of its tenants. @returns the calls of a tenant; undefined for one that uses the library. */
export async function createHttpCalls({ processes }: Pick<Stack, 'processes'>): Promise<(tenant: string) => OrderCalls | undefined> {
  const [url, env] = [processes.get(API)?.url ?? '', processes.get('worker-0')?.env ?? {}];
  const calls = new Map<string, OrderCalls>();
  for (const tenant of TENANTS) {
    const output = await operateUntilDone(
      (words) => runApp('cli', words, env),
      ['keys', '--create', 'faults', '--tenant', tenant, '--json'],
    );
    calls.set(tenant, callsOf(url, keySchema.parse(JSON.parse(output.split('\n').find((line) => line.startsWith('{')) ?? output)).key));
  }
  return (tenant) => calls.get(tenant);
}

function callsOf(url: string, key: string): OrderCalls {
  async function call(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<unknown> {
    const answer = await fetch(`${url}${path}`, {
      method,
      signal: AbortSignal.timeout(CALL_MS),
      headers: { authorization: `Bearer ${key}`, ...(body && { 'content-type': 'application/json' }), ...headers },
      ...(body && { body: JSON.stringify(body) }),
    })
      .then(async (response) => ({ status: response.status, text: await response.text() }))
      .catch((error: unknown) => ({ status: 0, text: String(error) }));
    if (answer.status >= 200 && answer.status < 300) return JSON.parse(answer.text);
    // Killed, without Redis, or with a Redis that went back behind the making of the key, which S3 still has: the caller asks again.
    if (answer.status === 0 || answer.status === 401 || answer.status >= 500) throw problemOf('queue.unavailable', answer.text);
    // The bounds on open images, too: it asks again.
    if (answer.status === 429) throw problemOf('queue.unavailable', answer.text);
    const { code, detail } = problemSchema.parse(JSON.parse(answer.text));
    throw problemOf(code, detail);
  }
  const pathOf = (generationId: string): string => `/v1/generations/${generationId}`;
  return {
    async enqueue(request, { idempotencyKey, deadlineAt, runAt, tenant: _ofTheKey, ...options }) {
      const times = Object.entries({ deadlineAt, runAt }).flatMap(([name, at]) =>
        at === undefined ? [] : [[name, new Date(at).toISOString()]],
      );
      const body = { ...request, ...options, ...Object.fromEntries(times) };
      const headers: Record<string, string> = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
      return generationSchema.parse(await call('POST', '/v1/generations', body, headers));
    },
    async wait(generationId, { timeoutMs, signal }) {
      for (const endsAt = performance.now() + timeoutMs; performance.now() < endsAt; await delay(LOOK_EVERY_MS, undefined, { signal })) {
        const { status } = generationSchema.parse(await call('GET', pathOf(generationId)));
        if (isFinalGeneration(status as GenerationStatus)) return undefined; // the document names no other words
      }
      throw problemOf('generation.wait-timeout', 'it is not final yet');
    },
    cancel: (generationId) => call('POST', `${pathOf(generationId)}/cancel`),
  };
}

const problemOf = (code: string, detail: string): Error => Object.assign(new Error(`${code}: ${detail}`), { code });

/** The calls of the library. */
export const libraryCalls = (producer: Producer): OrderCalls => ({
  enqueue: (request, options) => producer.enqueue(request, options),
  wait: (generationId, options) => producer.wait(generationId, options),
  cancel: (generationId) => producer.cancel(generationId),
});
