import {
  createGenerationId,
  quote,
  readGrokImagineRequest,
  type GrokImagineRequest,
  type ProblemList,
  type Quote,
} from '@darkroom/contracts';
import type { NewGeneration } from '@darkroom/generation-store';
import { enqueueProblems, millisecondsOf, type EnqueueOptions } from './options.ts';

/** A request that may be enqueued: checked, priced and named. Named before the first network call, so that it can be sent again. */
export interface Order {
  generation: NewGeneration;
  quote: Quote;
}

/** What a producer adds to a request. */
export interface OrderDefaults {
  tenant: string;
  maxReferenceImages: number;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** Reads a request, and adds what is wrong with it and with the options of its enqueue. @returns undefined for a request with problems. */
export function readOrder(
  input: unknown,
  options: EnqueueOptions,
  { tenant, maxReferenceImages }: OrderDefaults,
  problems: ProblemList,
): GrokImagineRequest | undefined {
  const request = readGrokImagineRequest(input, { maxReferenceImages }, problems);
  problems.push(...enqueueProblems({ tenant, ...options }));
  return request;
}

/** Makes an order of a request and options that have no problems. */
export function buildOrder(request: GrokImagineRequest, options: EnqueueOptions, defaults: OrderDefaults): Order {
  const price = quote(request);
  return {
    quote: price,
    generation: {
      generationId: options.generationId ?? createGenerationId(defaults.now()),
      tenant: options.tenant ?? defaults.tenant,
      request,
      imageNanoUsd: price.imageNanoUsd,
      ...(options.deadlineAt === undefined ? {} : { deadlineAt: millisecondsOf(options.deadlineAt) }),
      ...(options.runAt === undefined ? {} : { runAt: millisecondsOf(options.runAt) }),
      ...(options.idempotencyKey === undefined ? {} : { idempotencyKey: options.idempotencyKey }),
    },
  };
}
