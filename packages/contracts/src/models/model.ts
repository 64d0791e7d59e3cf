import type { NanoUsd } from '../money.ts';
import type { ProblemList } from '../problems.ts';
import type { RequestLimits } from './grok-imagine-image/reference-images.ts';
import type { RequestOutline } from './outline.ts';
import type { Quote } from './quote.ts';
import type { StoredRequest } from './stored-request.ts';

/** A model of a provider: everything that is particular to its requests. Each has a folder of its own. */
export interface Model<Request extends StoredRequest = StoredRequest> {
  /** Its name in requests, such as "xai:grok-imagine@image". */
  readonly id: string;
  /** Name of the provider that makes its images. */
  readonly provider: string;
  /** Highest price of one image, of any request that a producer of this version takes. */
  readonly mostNanoUsd: NanoUsd;
  /** Reads a request, and appends its problems to a list that may hold others. @returns undefined for a request with problems. */
  read(input: unknown, limits: Partial<RequestLimits>, problems: ProblemList): Request | undefined;
  /** Reads a request that was parsed before. @throws InvalidRequestError if it is none. */
  parseStored(input: unknown): Request;
  /** Returns the highest price of a request. */
  quote(request: Request): Quote;
  /** Returns the part of a request that is not personal. */
  outline(request: Request): RequestOutline;
}
