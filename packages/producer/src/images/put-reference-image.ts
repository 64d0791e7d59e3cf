import { types } from 'node:util';
import { describeGiven, formatKeptInput, InvalidRequestError, ProblemList, readOptions } from '@darkroom/contracts';
import { foreignTenantProblems } from '../tenant-problems.ts';
import type { ImageStorage, PutReferenceImageOptions } from './images.ts';

/** The head of a data URI of an image in base64. */
const DATA_URI_HEAD = /^data:image\/[\w.+-]+(?:;[\w-]+=[\w.+-]+)*;base64,/i;
const FORMS = 'must be bytes, a data URI of an image in base64, or base64';
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * Puts a reference image into the bucket.
 * @param boundTo The tenant of the reader.
 * @returns its reference for a request.
 * @throws InvalidRequestError if it is no image or an option is wrong; StorageError.
 */
export async function putReferenceImage(
  { storage, maxBytes, boundTo }: { storage: Pick<ImageStorage, 'keepInput'>; maxBytes: number; boundTo: string | undefined },
  image: Uint8Array | string,
  given: PutReferenceImageOptions,
): Promise<string> {
  const problems = new ProblemList();
  const options = readOptions(given, { path: 'options', known: ['tenant'] satisfies (keyof PutReferenceImageOptions)[] }, problems);
  problems.push(...foreignTenantProblems(options?.tenant, boundTo, 'these images'));
  if (options === undefined || problems.count > 0) throw new InvalidRequestError(problems);
  const bytes = typeof image === 'string' ? decode(image, maxBytes) : image;
  // a caller without types may pass anything
  if (types.isAnyArrayBuffer(bytes)) throw refusal(FORMS, 'an ArrayBuffer: wrap it in `new Uint8Array(…)`');
  if (!types.isUint8Array(bytes)) throw refusal(FORMS, describeGiven(bytes));
  const kept = await storage.keepInput(options.tenant ?? boundTo ?? 'default', bytes, maxBytes);
  if (kept.kind === 'kept') return formatKeptInput(kept.input);
  throw refusal(`must be a complete JPG, PNG or WEBP of at most ${maxBytes} bytes: ${kept.detail}`, `${bytes.length} bytes`);
}

function decode(text: string, maxBytes: number): Uint8Array {
  const base64 = text.slice(DATA_URI_HEAD.exec(text)?.[0].length ?? 0);
  // Base64: 4 characters hold 3 bytes, so the size is checked before decoding.
  if (base64.length > Math.ceil(maxBytes / 3) * 4) throw refusal(`must have at most ${maxBytes} bytes`, `${text.length} characters`);
  if (base64.length % 4 !== 0 || !BASE64.test(base64)) {
    throw refusal(FORMS, `a string of ${text.length} characters`);
  }
  return Buffer.from(base64, 'base64');
}

const refusal = (message: string, given: string): InvalidRequestError => new InvalidRequestError([{ path: '', message, given }]);
