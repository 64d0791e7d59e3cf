import { defined, formatDimensions, parseRef, priorities, taskUuidOf, type SubmissionRef } from '@darkroom/contracts';
import { z } from 'zod';
import { parseEntry } from '../corrupt-entry.ts';
import { storedIndexes, storedMetadata, storedTags, storedWebhook, storedWithholding } from '../entry-fields.ts';
import { entryOutline, storedRequest } from '../enqueue/kept-request.ts';
import { generationKey, requestKey } from '../keys.ts';
import { flag, namedReply, number, words } from '../lua/named.ts';
import { commitStops, type Commitment } from './steps.ts';

/** The reply of the script of commit.ts. */
export const commitReply = namedReply(
  z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('stop'),
      reason: z.enum(commitStops),
      detail: z.string().default(''),
      waitMs: number.optional(),
      behindMs: number.default(0),
      line: number.optional(),
    }),
    z.object({
      kind: z.literal('go'),
      now: number,
      send: number,
      fresh: flag,
      rejections: number,
      round: number,
      firstSentAt: number,
      unsentAt: words.transform((times) => times.map(Number)),
      amountNanoUsd: number,
      periods: z.string().transform((names) => names.split(' ')),
      request: z.string().default(''),
      provider: z.string().optional(),
      model: z.string().optional(),
      expected: z.string().optional(),
      outline: z.string().optional(),
      requestDigest: z.string().optional(),
      tenant: z.string(),
      images: number,
      createdAt: number,
      deadlineAt: number.optional(),
      runAt: number.optional(),
      idempotencyKeyHash: z.string().optional(),
      clientReference: z.string().optional(),
      retryOf: z.string().optional(),
      replaces: storedIndexes,
      mayPayAgain: z
        .literal('1')
        .optional()
        .transform((given) => (given === undefined ? undefined : (true as const))),
      reason: z.string().optional(),
      priority: z.enum(priorities).optional(),
      withholdFlagged: storedWithholding,
      tags: storedTags,
      metadata: storedMetadata,
      traceparent: z.string().optional(),
      webhook: storedWebhook,
      providerFailures: number,
    }),
  ]),
);
type Reply = z.infer<typeof commitReply>;

/** Builds the reason against buying now. */
export function stopOf(reply: Extract<Reply, { kind: 'stop' }>): Commitment {
  const { behindMs, line, ...stop } = reply;
  const [first = '', number] = stop.reason === 'behind' ? stop.detail.split(' ') : [];
  const ahead = parseRef(first);
  return defined({
    ...stop,
    behindMs: behindMs === 0 ? undefined : behindMs,
    line: line === undefined ? undefined : defined({ number: line, ahead: ahead && { ref: ahead, number: Number(number) } }),
  });
}

/** Builds a send that was opened. @throws CorruptRecordError if its request cannot be read: it surely does not leave then. */
export function goOf(prefix: string, ref: SubmissionRef, reply: Extract<Reply, { kind: 'go' }>): Commitment {
  const {
    kind,
    now,
    send,
    fresh,
    rejections,
    unsentAt,
    amountNanoUsd,
    periods,
    providerFailures,
    requestDigest,
    tags,
    metadata,
    traceparent,
    webhook,
    ...entry
  } = reply;
  const { request: requestJson, provider, model, expected, outline: outlineJson, ...sent } = entry;
  const key = generationKey(prefix, ref.generationId);
  const request = parseEntry(expected === undefined ? key : requestKey(prefix, ref.generationId), storedRequest, requestJson);
  const fields = expected === undefined ? { request: requestJson } : { provider, model, expected, outline: outlineJson };
  const outline = parseEntry(key, entryOutline, fields);
  return {
    kind,
    send,
    fresh,
    wasRefused: rejections > 0,
    providerFailures,
    now,
    unsentAt,
    request,
    labels: defined({ tags, metadata, webhook }),
    ...defined({ requestDigest, traceparent }),
    intent: defined({
      version: 2 as const,
      ...ref,
      ...sent,
      taskUUID: taskUuidOf(ref),
      reservation: { amountNanoUsd, periods },
      provider: outline.provider,
      model: outline.model,
      outputFormat: outline.expected.outputFormat,
      dimensions: formatDimensions(outline.expected.dimensions),
      outline: outline.request,
    }),
  };
}
