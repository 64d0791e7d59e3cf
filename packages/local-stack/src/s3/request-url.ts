import { S3Error } from './s3-error.ts';

/** The parts of a request target that signature and routing need. */
export interface RequestUrl {
  /** The parts of the path between slashes, each decoded once; the first is empty. */
  readonly segments: readonly string[];
  readonly query: ReadonlyMap<string, string>;
}

/** Splits the target before it decodes, as S3 does: an encoded slash or `&` is part of a name. */
export function parseRequestUrl(target: string): RequestUrl {
  if (!target.startsWith('/')) throw new S3Error(400, 'InvalidURI', 'Could not parse the specified URI.');
  const questionMark = target.indexOf('?');
  const path = questionMark < 0 ? target : target.slice(0, questionMark);
  const query = new Map<string, string>();
  for (const pair of questionMark < 0 ? [] : target.slice(questionMark + 1).split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    // S3 does not document which of two values wins, so a client must not send two.
    if (query.has(name)) throw new S3Error(400, 'InvalidArgument', `Query parameter "${name}" is given twice.`);
    query.set(name, equals < 0 ? '' : decode(pair.slice(equals + 1)));
  }
  return { segments: path.split('/').map(decode), query };
}

/** Encodes all but letters, digits, `-`, `.`, `_` and `~` (RFC 3986; AWS, "Create a signed request", UriEncode). */
export const uriEncode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error(400, 'InvalidURI', 'Could not parse the specified URI.');
  }
}
