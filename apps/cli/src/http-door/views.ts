import { generationStatuses, mapTimes, type GenerationSummary, type GenerationView } from '@darkroom/contracts';
import { z } from 'zod';

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads the times of an answer as the library gives them. */
export const withoutIsoTimes = (value: object): Record<string, unknown> =>
  mapTimes(value, (time) => (typeof time === 'string' ? Date.parse(time) : time));

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
