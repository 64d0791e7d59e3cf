import { generationStatuses, type GenerationSummary, type GenerationView } from '@darkroom/contracts';
import { z } from 'zod';

/** Names of all times in answers: in HTTP ISO 8601, in the library milliseconds since 1970. */
const times: ReadonlySet<string> = new Set([
  'createdAt',
  'finishedAt',
  'deadlineAt',
  'runAt',
  'settledAt',
  'estimatedStartAt',
  'requestedAt',
  'requestErasedAt',
  'erasedAt',
  'sweptUntil',
  'resetsAt',
  'at',
  'until',
  'eventAt',
  'disabledAt',
  'oldSecretUntil',
]);
/** A caller's own words. */
const own: ReadonlySet<string> = new Set(['request', 'metadata', 'tags']);

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads the times of an answer at every depth, as the library gives them. */
export function withoutIsoTimes(value: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([name, each]: [string, unknown]) => {
      if (own.has(name)) return [name, each];
      if (times.has(name) && typeof each === 'string') return [name, Date.parse(each)];
      if (Array.isArray(each)) return [name, each.map((item: unknown) => (isObject(item) ? withoutIsoTimes(item) : item))];
      return [name, isObject(each) ? withoutIsoTimes(each) : each];
    }),
  );
}

const head = { generationId: z.string(), status: z.enum(generationStatuses), createdAt: z.number(), costUsd: z.string() };
const viewSchema = z.looseObject({
  ...head,
  tenant: z.string(),
  request: z.looseObject({ numberResults: z.int() }),
  reservedUsd: z.string(),
  images: z.array(z.looseObject({ index: z.int(), status: z.string(), submissionStatus: z.string(), costUsd: z.string() })),
});
const summarySchema = z.looseObject({ ...head, images: z.array(z.string()), codes: z.array(z.string()) });

/** Reads a generation of the HTTP API as the library shows it: without the paths. @throws an error for any other value. */
export function viewOf(body: unknown): GenerationView {
  const { urls: _paths, ...view } = isObject(body) ? withoutIsoTimes(body) : {};
  const { images } = viewSchema.parse(view);
  // What the command line reads is checked; the rest it prints as it came.
  return { ...view, images: (view['images'] as typeof images).map(({ url: _path, ...image }) => image) } as unknown as GenerationView;
}

/** Reads a generation of a list. */
export function summaryOf(body: unknown): GenerationSummary {
  const { urls: _paths, ...summary } = isObject(body) ? withoutIsoTimes(body) : {};
  summarySchema.parse(summary);
  return summary as unknown as GenerationSummary;
}
