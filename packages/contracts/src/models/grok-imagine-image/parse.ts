import { z } from 'zod';
import { defined } from '../../defined.ts';
import { InvalidRequestError } from '../../errors.ts';
import { ProblemList, type Problem } from '../../problems.ts';
import { UNREADABLE } from '../../unknown-names.ts';
import { beginReading, readBoolean, readChoice, readFixed, readInteger, readRequiredText } from '../reading.ts';
import { outputFormats } from '../output-format.ts';
import { parameters } from './page.ts';
import { defaultRequestLimits, readReferenceImages, type RequestLimits } from './reference-images.ts';
import type { GrokImagineRequest } from './request.ts';
import { readClientReference, readGeometry, readSafety, readTtl, refuseOwnedParameters } from './rules.ts';
import { refuseUnknownParameters } from './unknown-parameters.ts';

/**
 * Reads a request by the rules of the model's page and fills in its defaults.
 * @param limits Bounds that the page does not name; `defaultRequestLimits` for those left out.
 * @throws InvalidRequestError with all problems at once.
 */
export function parseGrokImagineRequest(input: unknown, limits: Partial<RequestLimits> = {}): GrokImagineRequest {
  const problems = new ProblemList();
  const request = readGrokImagineRequest(input, limits, problems);
  if (request === undefined) throw new InvalidRequestError(problems);
  return request;
}

/** Returns the problems that `parseGrokImagineRequest` would throw; none for a valid request. */
export function checkGrokImagineRequest(input: unknown, limits: Partial<RequestLimits> = {}): Problem[] {
  const problems = new ProblemList();
  readGrokImagineRequest(input, limits, problems);
  return problems.told;
}

/**
 * Reads a request as `parseGrokImagineRequest` does, and appends its problems to a list that may hold others.
 * @returns undefined for a request with problems.
 */
export function readGrokImagineRequest(
  input: unknown,
  limits: Partial<RequestLimits>,
  problems: ProblemList,
): GrokImagineRequest | undefined {
  const before = problems.count;
  try {
    const request = read(input, { ...defaultRequestLimits, ...limits }, problems);
    return problems.count === before ? request : undefined;
  } catch {
    problems.push({ path: '', message: UNREADABLE });
    return undefined;
  }
}

/**
 * Reads a request that was parsed before, from Redis or S3. Checks its form only, not the rules: the release that accepted it applied
 * its own rules, and a paid image must be collected even if the rules changed since.
 * @throws InvalidRequestError if it is no parsed request at all.
 */
export function parseStoredGrokImagineRequest(input: unknown): GrokImagineRequest {
  const parsed = storedRequestSchema.safeParse(input);
  if (!parsed.success) throw new InvalidRequestError(parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })));
  return input as GrokImagineRequest; // fields of later releases are optional, and every field that is read is checked above
}

/** Fields of a stored request that are read to send it or to verify its image. */
const storedRequestSchema = z.looseObject({
  model: z.string(),
  positivePrompt: z.string(),
  outputFormat: z.enum(outputFormats),
  outputQuality: z.int(),
  outputType: z.string(),
  numberResults: z.int().min(1),
  width: z.int().optional(),
  height: z.int().optional(),
  resolution: z.string().optional(),
  inputs: z.looseObject({ referenceImages: z.array(z.string()) }).optional(),
  safety: z.looseObject({ checkContent: z.boolean(), mode: z.string() }),
});

function read(input: unknown, limits: RequestLimits, problems: ProblemList): GrokImagineRequest | undefined {
  const reading = beginReading(input, ['inputs', 'safety'], problems);
  // The input is no request: a problem for each missing field would be noise.
  if (reading === undefined) return undefined;

  refuseUnknownParameters(reading);
  refuseOwnedParameters(reading);
  const outputType = readChoice(reading, 'outputType', parameters.outputType) ?? parameters.outputType.default;
  const positivePrompt = readRequiredText(reading, 'positivePrompt', { ...parameters.positivePrompt, maxBytes: limits.maxPromptBytes });
  const referenceImages = readReferenceImages(reading, limits);
  const ttl = readTtl(reading, outputType);
  const clientReference = readClientReference(reading);
  const rest = {
    taskType: readFixed(reading, 'taskType', parameters.taskType),
    model: readFixed(reading, 'model', parameters.model),
    ...(referenceImages.length > 0 && { inputs: { referenceImages } }),
    ...readGeometry(reading, referenceImages.length > 0),
    numberResults: readInteger(reading, 'numberResults', parameters.numberResults) ?? parameters.numberResults.default,
    outputType,
    outputFormat: readChoice(reading, 'outputFormat', parameters.outputFormat) ?? parameters.outputFormat.default,
    outputQuality: readInteger(reading, 'outputQuality', parameters.outputQuality) ?? parameters.outputQuality.default,
    deliveryMethod: readChoice(reading, 'deliveryMethod', parameters.deliveryMethod) ?? parameters.deliveryMethod.default,
    ...defined({ ttl }),
    safety: readSafety(reading),
    includeCost: readBoolean(reading, 'includeCost') ?? parameters.includeCost.default,
    ...defined({ clientReference }),
  };
  return positivePrompt === undefined ? undefined : { positivePrompt, ...rest };
}
