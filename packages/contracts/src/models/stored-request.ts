import { z } from 'zod';
import { InvalidRequestError } from '../errors.ts';
import { outputFormats, type OutputFormat } from './output-format.ts';

/**
 * A request of any model as stores keep it: plain JSON, which only its model reads in full. Purchase, recovery and the stores know these
 * fields alone.
 */
export interface StoredRequest {
  model: string;
  /** Number of images. */
  numberResults: number;
  outputFormat: OutputFormat;
  positivePrompt?: string;
  inputs?: { referenceImages: readonly string[] };
  /** "async" if `generate` does not wait for the images. */
  deliveryMethod?: string;
  clientReference?: string;
}

const storedRequestSchema = z.looseObject({
  model: z.string().min(1),
  numberResults: z.int().min(1).max(20),
  outputFormat: z.enum(outputFormats),
  positivePrompt: z.string().optional(),
  inputs: z.looseObject({ referenceImages: z.array(z.string()) }).optional(),
  deliveryMethod: z.string().optional(),
  clientReference: z.string().optional(),
});

/**
 * Reads a request that was parsed before, from Redis or S3. Checks its form only, not the rules of its model: the release that accepted it
 * applied its own rules, and a paid image must be collected even if they changed since.
 * @throws InvalidRequestError if it is no parsed request at all.
 */
export function parseStoredRequest(input: unknown): StoredRequest {
  const parsed = storedRequestSchema.safeParse(input);
  if (!parsed.success) throw new InvalidRequestError(parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })));
  return input as StoredRequest; // every field of the type is checked above, and the others are kept
}
