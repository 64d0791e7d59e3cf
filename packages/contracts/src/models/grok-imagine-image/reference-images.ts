import { canReadUrl } from '../../can-read-url.ts';
import { describeKind } from '../given.ts';
import { MAX_PROBLEMS } from '../../problems.ts';
import { tenantFolder } from '../../tenant.ts';
import type { Reading } from '../reading.ts';
import { findKeptInput } from './kept-input.ts';
import { referenceAddressProblems } from './reference-address.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const HTTP_URL = /^https?:\/\/[^\s\p{Surrogate}]+$/iu;
// Runware documents data URIs in base64 alone (platform/media-storage).
const IMAGE_DATA_URI = /^data:image\/[\w.+-]+(?:;[\w-]+=[\w.+-]+)*;base64,/i;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

export type ReferenceImageKind = 'uuid' | 'url' | 'data-uri' | 'base64' | 'kept-input';

/**
 * Classifies a reference image by the four forms of the page (model page, "inputs.referenceImages"): the UUID of an image at Runware,
 * an http(s) URL, a data URI of an image, or base64 (RFC 4648, section 4, with padding); or Darkroom's own form, `kept-input`.
 * Returns undefined for any other form. The provider decides if the model can read the image.
 */
export function classifyReferenceImage(value: string): ReferenceImageKind | undefined {
  if (findKeptInput(value) !== undefined) return 'kept-input';
  if (UUID.test(value)) return 'uuid';
  if (HTTP_URL.test(value)) return canReadUrl(value) ? 'url' : undefined;
  const head = IMAGE_DATA_URI.exec(value)?.[0];
  if (head !== undefined) return isBase64(value.slice(head.length)) ? 'data-uri' : undefined;
  return isBase64(value) ? 'base64' : undefined;
}

const isBase64 = (value: string): boolean => value.length % 4 === 0 && BASE64.test(value);

/** Bounds of our own, where the page names none. */
export interface RequestLimits {
  /** Reference images of a request. The page names no maximum; other sources report 1 or 3. */
  maxReferenceImages: number;
  /** Bytes of a prompt in UTF-8. The page names no maximum; Redis and S3 store the prompt. */
  maxPromptBytes: number;
  /** Bytes of all inline reference images of a request together, as text: Redis stores the request. */
  maxInlineBytes: number;
  /** The tenant to which reference images in the bucket must belong. Left out, they may belong to any. */
  tenant?: string | undefined;
}

/**
 * The most reference images that a producer may allow. The page names no maximum; without one an image whose price is unknown, because its
 * records are damaged, has no highest price.
 */
export const MOST_REFERENCE_IMAGES = 16;

/** Names each limit: a batch copies them for each of its requests, and copies are slow where a name is new. */
export const defaultRequestLimits: Readonly<RequestLimits> = {
  maxReferenceImages: 1,
  maxPromptBytes: 262_144,
  maxInlineBytes: 262_144,
  tenant: undefined,
};

/** Reads the reference images. The page names no minimum: an empty list counts as no reference image. */
export function readReferenceImages(
  { fields, problems }: Reading,
  { maxReferenceImages, maxInlineBytes, tenant }: RequestLimits,
): string[] {
  const path = 'inputs.referenceImages';
  const value = fields.get(path);
  if (value === undefined) return [];
  if (!Array.isArray(value)) {
    problems.push({ path, message: 'must be an array of strings', given: describeKind(value) });
    return [];
  }
  if (value.length > maxReferenceImages) {
    problems.push({
      path,
      message: `may hold at most ${maxReferenceImages} (the setting maxReferenceImages; the model's page names no maximum)`,
      given: describeKind(value),
    });
  }
  const images: string[] = [];
  let inlineBytes = 0;
  // A list that is too long is refused in any case; its first items show the other problems.
  const looked: unknown[] = Array.from<unknown>(value.slice(0, maxReferenceImages + MAX_PROBLEMS));
  for (const [index, image] of looked.entries()) {
    const kind = typeof image === 'string' ? classifyReferenceImage(image) : undefined;
    if (typeof image !== 'string' || kind === undefined || !belongsTo(tenant, image)) {
      problems.push({
        path: `${path}[${index}]`,
        message:
          'must be the UUID of an image at Runware, an http(s) URL, an image in base64 or as a data URI in base64, or a result of putReferenceImage for the same tenant',
        given: describeKind(image),
      });
      continue;
    }
    if (kind === 'url')
      for (const message of referenceAddressProblems(image))
        problems.push({ path: `${path}[${index}]`, message, given: describeKind(image) });
    images.push(image);
    // Inline images are ASCII: one character is one byte.
    if (kind === 'data-uri' || kind === 'base64') inlineBytes += image.length;
  }
  if (inlineBytes > maxInlineBytes) {
    problems.push({
      path,
      message: `inline images may take at most ${maxInlineBytes} bytes together; put larger ones into the bucket with putReferenceImage of "@darkroom/producer/images", or give an http(s) URL`,
      given: `${inlineBytes} bytes`,
    });
  }
  return images;
}

/** Returns false for an image in the bucket that belongs to another tenant, or to none: it does not exist for this one. */
function belongsTo(tenant: string | undefined, image: string): boolean {
  const kept = tenant === undefined ? undefined : findKeptInput(image);
  return kept === undefined || tenant === undefined || kept.tenantPart === tenantFolder(tenant);
}
