import {
  createGenerationId,
  defaultNotificationTypes,
  defined,
  describeGiven,
  findMeant,
  isTenant,
  knownModels,
  modelOf,
  type Model,
  type Models,
  ProblemList,
  type Problem,
  type Quote,
  type StoredRequest,
} from '@darkroom/contracts';
import type { NewGeneration } from '@darkroom/generation-store';
import { withholdProblems } from './image-rules.ts';
import { enqueueProblems } from './enqueue-problems.ts';
import { millisecondsOf } from './moments.ts';
import type { EnqueueOptions } from './options.ts';
import { foreignTenantProblems } from './tenant-problems.ts';

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
  /** True if a receiver of notifications may be on this machine. */
  allowLoopbackWebhooks?: boolean;
  /** Models whose requests it takes. */
  models: Models;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** Reads a request, and appends its problems and those of its options. @returns undefined for a request with problems. */
export function readRequest(
  input: unknown,
  options: EnqueueOptions,
  defaults: GenerationDefaults,
  problems: ProblemList,
): StoredRequest | undefined {
  const { boundTo, maxReferenceImages, models, allowLoopbackWebhooks = false } = defaults;
  const { tenant = defaults.tenant } = options;
  // a name that is no tenant's has a problem of its own
  const limits = { maxReferenceImages, ...(isTenant(tenant) && { tenant }) };
  const request = findModel(models, input, problems)?.read(input, limits, problems);
  problems.push(
    ...enqueueProblems(options, allowLoopbackWebhooks),
    ...withholdProblems(input, options.withholdFlagged),
    ...foreignTenantProblems(options.tenant, boundTo),
  );
  return request;
}

/** Returns the problems of a request by the model that it names, without those of its options. */
export function requestProblems(input: unknown, models: Models = knownModels): Problem[] {
  const problems = new ProblemList();
  findModel(models, input, problems)?.read(input, {}, problems);
  return problems.told;
}

/**
 * Returns the model that an input names; without a name the first one. No rules of another model say what is wrong with the rest of a request
 * whose model is unknown.
 */
function findModel(models: Models, input: unknown, problems: ProblemList): Model | undefined {
  let named: unknown;
  try {
    ({ model: named } = Object(input) as { model?: unknown }); // a caller without types may pass anything
  } catch {
    // the first model refuses what cannot be read
  }
  const first = models.find(undefined);
  if (named === undefined || models.ids.length === 1) return first;
  const model = typeof named === 'string' ? models.find(named) : undefined;
  if (model !== undefined) return model;
  const meant = typeof named === 'string' ? findMeant(named, models.ids) : undefined;
  const allowed = models.ids.map((id) => `"${id}"`).join(', ');
  problems.push({
    path: 'model',
    message: `must be one of ${allowed}, or be left out for the first${meant === undefined ? '' : ` (did you mean "${meant}"?)`}`,
    given: describeGiven(named),
  });
  return undefined;
}

/** Builds a generation from a request and options without problems. */
export function prepareGeneration(request: StoredRequest, options: EnqueueOptions, defaults: GenerationDefaults): PreparedGeneration {
  const model = modelOf(defaults.models, request);
  const price = model.quote(request);
  return {
    quote: price,
    generation: {
      generationId: options.generationId ?? createGenerationId(defaults.now()),
      tenant: options.tenant ?? defaults.tenant,
      request,
      outline: model.outline(request),
      imageNanoUsd: price.imageNanoUsd,
      ...defined({
        deadlineAt: options.deadlineAt && millisecondsOf(options.deadlineAt),
        runAt: options.runAt && millisecondsOf(options.runAt),
        idempotencyKey: options.idempotencyKey,
        traceparent: options.traceparent,
        priority: options.priority === 'normal' ? undefined : options.priority,
        withholdFlagged: options.withholdFlagged === true ? (true as const) : undefined,
        tags: options.tags?.length === 0 ? undefined : options.tags,
        webhook:
          options.webhookURL === undefined
            ? undefined
            : { url: options.webhookURL, types: options.webhookEvents ?? defaultNotificationTypes },
        metadata: options.metadata && Object.keys(options.metadata).length === 0 ? undefined : options.metadata,
      }),
    },
  };
}
