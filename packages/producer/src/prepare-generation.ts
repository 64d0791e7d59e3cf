import {
  createGenerationId,
  defined,
  quote,
  readGrokImagineRequest,
  type GrokImagineRequest,
  type ProblemList,
  type Quote,
} from '@darkroom/contracts';
import type { NewGeneration } from '@darkroom/generation-store';
import { enqueueProblems, millisecondsOf, foreignTenantProblems, type EnqueueOptions } from './options.ts';

/**
 * A request that may be enqueued: checked, priced and with its id, which is minted before the first network call, so that it can be
 * sent again.
 */
export interface PreparedGeneration {
  generation: NewGeneration;
  quote: Quote;
}

/** Values that a producer adds to a request. */
export interface GenerationDefaults {
  tenant: string;
  /** The tenant to which the producer is bound. */
  boundTo?: string;
  maxReferenceImages: number;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** Reads a request, and appends its problems and those of its options. @returns undefined for a request with problems. */
export function readRequest(
  input: unknown,
  options: EnqueueOptions,
  { boundTo, maxReferenceImages }: GenerationDefaults,
  problems: ProblemList,
): GrokImagineRequest | undefined {
  const request = readGrokImagineRequest(input, { maxReferenceImages }, problems);
  problems.push(...enqueueProblems(options), ...foreignTenantProblems(options.tenant, boundTo));
  return request;
}

/** Builds a generation from a request and options without problems. */
export function prepareGeneration(request: GrokImagineRequest, options: EnqueueOptions, defaults: GenerationDefaults): PreparedGeneration {
  const price = quote(request);
  return {
    quote: price,
    generation: {
      generationId: options.generationId ?? createGenerationId(defaults.now()),
      tenant: options.tenant ?? defaults.tenant,
      request,
      imageNanoUsd: price.imageNanoUsd,
      ...defined({
        deadlineAt: options.deadlineAt && millisecondsOf(options.deadlineAt),
        runAt: options.runAt && millisecondsOf(options.runAt),
        idempotencyKey: options.idempotencyKey,
        priority: options.priority === 'normal' ? undefined : options.priority,
        tags: options.tags?.length === 0 ? undefined : options.tags,
        metadata: options.metadata && Object.keys(options.metadata).length === 0 ? undefined : options.metadata,
      }),
    },
  };
}
