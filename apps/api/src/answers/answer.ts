import { createHash } from 'node:crypto';

/** Answer of a route. */
export interface Answer {
  status: number;
  headers?: Readonly<Record<string, string>>;
  /** Written as JSON; absent for an answer without a body. */
  body?: unknown;
  /** True if the route has written the answer by itself, as a stream. */
  isWritten?: true;
}

/** The answer of a route that has written it by itself. */
export const written: Answer = { status: 200, isWritten: true };

/** Builds the entity tag of a view: from its revision, or else from its content. */
export function etagOf(view: object, body: unknown): string {
  const revision: unknown = 'revision' in view ? view.revision : undefined;
  if (typeof revision === 'number' || typeof revision === 'string') return `W/"${revision}"`;
  return `W/"${createHash('sha256').update(JSON.stringify(body)).digest('base64url').slice(0, 22)}"`;
}

/** Compares the tags of `If-None-Match` weakly (RFC 9110, section 13.1.2). */
export const isNoneMatched = (header: string | undefined, etag: string): boolean =>
  header !== undefined &&
  (header.trim() === '*' || header.split(',').some((each) => each.trim().replace(/^W\//, '') === etag.replace(/^W\//, '')));
