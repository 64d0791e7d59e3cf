import {
  checkGrokImagineRequest,
  createGenerationId,
  parseGrokImagineRequest,
  quote,
  type GrokImagineRequestInput,
  type Problem,
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

/** What is wrong with a request and with the options of its enqueue. */
export const orderProblems = (input: unknown, options: EnqueueOptions, { tenant, maxReferenceImages }: OrderDefaults): Problem[] => [
  ...checkGrokImagineRequest(input, { maxReferenceImages }),
  ...enqueueProblems({ tenant, ...options }),
];

/** Makes an order of a request that has no problems. @throws InvalidRequestError for one that has. */
export function buildOrder(input: GrokImagineRequestInput, options: EnqueueOptions, defaults: OrderDefaults): Order {
  const request = parseGrokImagineRequest(input, { maxReferenceImages: defaults.maxReferenceImages });
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
