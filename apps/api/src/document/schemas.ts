import {
  disabledReasons,
  durableEvents,
  errorCodes,
  factSources,
  generationStatuses,
  imageStatuses,
  notificationStatuses,
  notificationTypes,
  priorities,
  roads,
  submissionStatuses,
  verifiedImageSchema,
  type Models,
  TEST_NOTIFICATION,
} from '@darkroom/contracts';
import { z } from 'zod';
import { requestSchema, type JsonSchema } from './request-schema.ts';

/*
 * Schemas of the bodies of answers, and of the small bodies of requests. What a caller sends is checked by the library, which names all
 * problems at once; the schemas of requests are for readers and for clients that are generated. Readers ignore fields that they do not know.
 */

const usd = z
  .string()
  .regex(/^\d+(\.\d+)?$/)
  .describe('US dollars, as decimal text.');
const time = z.iso.datetime().describe('ISO 8601, in UTC.');
const errorCode = z.enum(Object.keys(errorCodes) as [keyof typeof errorCodes, ...(keyof typeof errorCodes)[]]);
const labels = {
  priority: z.enum(priorities).optional().describe('Absent for a normal one.'),
  tags: z.array(z.string()).optional(),
  metadata: z.record(z.string(), z.string()).optional(),
};
const head = {
  generationId: z.string(),
  status: z.enum(generationStatuses).describe('`succeeded` with all images, `partial` with some.'),
  provider: z.string(),
  model: z.string(),
  tenant: z.string(),
  costUsd: usd,
  createdAt: time,
  finishedAt: time.optional(),
  deadlineAt: time.optional(),
  runAt: time.optional(),
  clientReference: z.string().optional(),
  retryOf: z.string().optional(),
  amended: z.boolean().describe('True if an image arrived after the final status.'),
  ...labels,
};

const Image = z.looseObject({
  index: z.int(),
  status: z.enum(imageStatuses),
  submissionStatus: z.enum(submissionStatuses),
  submissions: z.int(),
  taskUUID: z.string(),
  url: z.string().optional().describe('Path of the image, once it is there.'),
  withheld: z.literal(true).optional().describe('The content check did not clear it, and no operator has released it: 403.'),
  image: verifiedImageSchema.optional(),
  imageUUID: z.string().optional(),
  seed: z.number().optional(),
  nsfwContent: z.boolean().optional(),
  factsFrom: z.enum(factSources).optional(),
  costUsd: usd,
  fault: z.looseObject({ code: z.string(), message: z.string() }).optional().describe('The reason why there is no image.'),
  settledAt: time.optional(),
  road: z.enum(roads).optional(),
  extras: z.array(verifiedImageSchema),
});

const Generation = z.looseObject({
  ...head,
  request: z
    .looseObject({ model: z.string(), positivePrompt: z.string(), numberResults: z.int() })
    .describe('The request with all defaults.'),
  requestErasedAt: time.optional().describe('The request was erased by its age, and its prompt is empty; the images are kept.'),
  images: z.array(Image),
  reservedUsd: usd,
  replaces: z.array(z.int()).optional(),
  queue: z.looseObject({ position: z.int(), estimatedStartAt: time.optional() }).optional(),
  urls: z.looseObject({ self: z.string(), events: z.string() }),
});

const GenerationSummary = z.looseObject({
  ...head,
  images: z.array(z.enum(imageStatuses)),
  codes: z.array(z.string()),
  urls: z.looseObject({ self: z.string() }),
});

const Problem = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: errorCode,
  retryable: z.boolean().describe('True if the same call may succeed later.'),
  requestId: z.string(),
  problems: z.array(z.looseObject({ path: z.string(), message: z.string(), given: z.string().optional() })).optional(),
  problemCount: z.int().optional().describe('Number of all problems, of which the first 50 are listed.'),
  reached: z.enum(['no', 'maybe', 'yes']).optional().describe('Tells if the call may have had its effect.'),
  generationId: z.string().optional(),
  resetsAt: time.optional(),
});

const WebhookEndpoint = z.looseObject({
  endpointId: z.string(),
  tenant: z.string(),
  url: z.string(),
  events: z.array(z.enum(notificationTypes)),
  description: z.string().optional(),
  status: z.enum(['enabled', 'disabled']),
  disabledFor: z
    .enum(disabledReasons)
    .optional()
    .describe('`caller`: by a call. `gone`: it answered 410. `failing`: all attempts failed for days.'),
  disabledAt: time.optional(),
  oldSecretUntil: time.optional().describe('Until then the secret before the last rotation signs, too.'),
  createdAt: time,
  recorded: z.boolean().describe('False for some seconds: a change that lets more be sent holds once it is true.'),
  secret: z.string().optional().describe('Given once, by the calls that make it; `…/secret` tells it again.'),
  urls: z.looseObject({ self: z.string() }),
});

const Notification = z.looseObject({
  notificationId: z.string(),
  endpointId: z.string().describe('`requests` for the receiver that a request named.'),
  event: z.enum([...notificationTypes, TEST_NOTIFICATION]),
  generationId: z.string(),
  eventAt: time,
  status: z.enum(notificationStatuses),
  attempts: z.int(),
  log: z
    .array(z.looseObject({ at: time, status: z.int().describe('0 without an answer.'), ms: z.number(), fault: z.string().optional() }))
    .describe('The last 30 attempts, the oldest first.'),
  urls: z.looseObject({ self: z.string() }),
});

const answerSchemas = {
  Generation,
  GenerationList: z.looseObject({ data: z.array(GenerationSummary), next: z.string().nullable().describe('Cursor of the next page.') }),
  Batch: z.looseObject({
    generations: z.array(
      z.looseObject({ generationId: z.string(), created: z.boolean(), atMostUsd: usd, urls: z.looseObject({ self: z.string() }) }),
    ),
  }),
  ImageAddress: z.looseObject({ index: z.int(), url: z.string(), image: verifiedImageSchema }),
  Input: z.looseObject({ reference: z.string().describe('Stands for the image in `inputs.referenceImages`.') }),
  Quote: z.looseObject({ images: z.int(), imageUsd: usd, atMostUsd: usd, currency: z.literal('USD') }),
  Spend: z.looseObject({
    tenant: z.string(),
    periods: z.array(
      z.looseObject({
        period: z.enum(['day', 'month']),
        date: z.string(),
        reservedUsd: usd,
        spentUsd: usd,
        expectedUsd: usd.describe('By the price list, of images that are there.'),
        reportedUsd: usd.describe('The part of the spend that the provider reported.'),
        unreported: z.int().describe('Purchases without a reported price.'),
        differing: z.int().describe('Purchases at another price than expected.'),
        unreadUsd: usd.nullable().describe('Counted by the cap while a rebuild reads on; null if not known: the cap counts as reached.'),
        capUsd: usd.nullable(),
        resetsAt: time,
      }),
    ),
  }),
  ReadToken: z.looseObject({
    token: z.string().describe('Opens this generation alone, as `?token=`.'),
    expiresAt: time,
    urls: z.looseObject({ self: z.string(), events: z.string() }),
  }),
  Erasure: z.looseObject({
    generationId: z.string().optional().describe('Of one generation.'),
    erasureId: z.string().optional().describe('Of many.'),
    status: z.enum(['requested', 'erased']),
    requestedAt: time,
    erasedAt: time.optional(),
    sweptUntil: time.optional(),
    retries: z.array(z.string()).optional(),
    found: z.int().optional(),
    erased: z.int().optional(),
    left: z.int().optional(),
    open: z.array(z.string()).optional(),
    urls: z.looseObject({ self: z.string() }),
  }),
  Event: z.looseObject({
    event: z.enum(durableEvents),
    eventId: z.string(),
    generationId: z.string(),
    tenant: z.string(),
    provider: z.string(),
    model: z.string(),
    at: time,
    revision: z.int().optional().describe('Of the generation: drop what is older.'),
    index: z.int().optional(),
    n: z.int().optional(),
  }),
  WebhookEndpoint,
  WebhookEndpointList: z.looseObject({ data: z.array(WebhookEndpoint) }),
  WebhookSecret: z.looseObject({ endpointId: z.string(), secret: z.string() }),
  Notification,
  NotificationList: z.looseObject({ data: z.array(Notification), next: z.string().nullable().describe('Cursor of the next page.') }),
  NotificationAsked: z.looseObject({ notificationId: z.string(), urls: z.looseObject({ self: z.string() }) }),
  ResentCount: z.looseObject({ count: z.int() }),
  Problem,
} as const;

const kinds = z.array(z.enum(notificationTypes)).min(1);
const requestSchemas = {
  RetryRequest: z.strictObject({
    images: z.array(z.int().min(0).max(19)).min(1).max(20).optional().describe('Default all that did not succeed.'),
    mayPayAgain: z.literal(true).optional().describe('Accepts that an image may be paid for twice. Needs a `reason`.'),
    reason: z.string().min(1).max(200).optional(),
    generationId: z.string().optional(),
  }),
  ErasureRequest: z.strictObject({
    generationId: z.string().optional(),
    tag: z.string().optional(),
    tenant: z.string().optional(),
    cancel: z.boolean().optional(),
    retries: z.boolean().optional(),
  }),
  WebhookEndpointRequest: z.strictObject({
    url: z.string().describe('https, on the public internet, without user, password and fragment.'),
    events: kinds.optional().describe('Default the five ends of a generation.'),
    description: z.string().max(256).optional(),
  }),
  WebhookEndpointChange: z.strictObject({
    url: z.string().optional(),
    events: kinds.optional(),
    description: z.string().max(256).optional(),
    enabled: z.boolean().optional().describe('True sends nothing by itself: `resend-failed` does.'),
  }),
  ResendRequest: z.strictObject({ since: z.iso.datetime({ offset: true }) }),
} as const;

export type SchemaName = keyof typeof answerSchemas | keyof typeof requestSchemas | 'GenerationRequest' | 'QuoteRequest' | 'BatchRequest';

/** Finds the schema of an answer, by which tests read every answer. */
export const findAnswerSchema = (name: string): z.ZodType | undefined => (answerSchemas as Readonly<Record<string, z.ZodType>>)[name];

/** Builds the component schemas of the OpenAPI document. */
export function buildComponents(models: Models): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  const named = { ...answerSchemas, ...requestSchemas, Image, GenerationSummary };
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => `#/components/schemas/${id}`, io: 'output' });
  const plain = Object.entries(schemas).map(([name, { $schema: _version, $id: _id, ...schema }]): [string, JsonSchema] => [
    name,
    schema as JsonSchema,
  ]);
  return Object.fromEntries([
    ...plain,
    ['QuoteRequest', requestSchema(models)],
    ['GenerationRequest', requestSchema(models, 'one')],
    ['BatchRequest', requestSchema(models, 'batch')],
  ]);
}
