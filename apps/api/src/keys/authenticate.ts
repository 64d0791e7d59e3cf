import { isSameHash, parseApiKey, QueueUnavailableError, DarkroomError, type ApiScope } from '@darkroom/contracts';
import type { GenerationStore } from '@darkroom/generation-store';
import { ApiError } from '../answers/api-error.ts';
import type { Attempts } from './attempts.ts';
import { isTokenOf, parseReadToken } from './read-tokens.ts';

/** A key that was accepted, by itself or by a token that it made. */
export interface Caller {
  keyId: string;
  keyHash: string;
  /** Name under which the requests of a minute are counted. */
  rateName: string;
  tenant: string;
  scopes: readonly ApiScope[];
}

/** Proof of a request that it may be answered. */
export interface Credentials {
  header: string | undefined;
  token?: { text: string; generationId: string } | undefined;
  address: string;
  scope: ApiScope;
}

const NEEDED = 'send an API key of Darkroom: Authorization: Bearer dk_…';

interface AuthenticateParts {
  store: Pick<GenerationStore, 'useApiKey' | 'readTime'>;
  attempts: Attempts;
}

/**
 * Accepts a key, or a read token in its place. Redis is asked for each request, so that a revoked key holds at once.
 * @param credentials `header` is the value of `Authorization`, `token` the read token of a call that takes one and the generation that it must open,
 * `scope` that of the call: while Redis may have forgotten a revocation, no key changes anything.
 * @throws ApiError for a missing, mistyped, unknown or revoked key, and after too many of these; QueueUnavailableError while Redis is away, or may
 * have forgotten what became of the key.
 */
export async function authenticate(parts: AuthenticateParts, { header, token, address, scope }: Credentials): Promise<Caller> {
  if (header === undefined && token !== undefined) return acceptToken(parts, token, address);
  const { attempts } = parts;
  const [, text = ''] = /^Bearer +(\S+) *$/i.exec(header ?? '') ?? [];
  const given = parseApiKey(text);
  attempts.check(address, given);
  const refuse = (why: string): never => {
    attempts.failed(address, given);
    throw new ApiError('api.unauthenticated', `${why}; ${NEEDED}`);
  };
  if (header === undefined) return refuse('no API key was sent');
  if (given === undefined) return refuse('what was sent is no API key, or has a typing mistake');
  const key = await lookUp(parts, given.id, scope);
  if (key === undefined || !isSameHash(key.hash, given.hash)) return refuse('the API key is unknown or revoked');
  // No vain attempt: it is the right secret, some seconds early.
  if (key.isPending === true) throw new ApiError('api.unauthenticated', 'the API key opens nothing before a worker has recorded it in S3');
  attempts.accepted(given);
  return { keyId: given.id, keyHash: key.hash, rateName: given.id, tenant: key.tenant, scopes: key.scopes };
}

/**
 * Accepts a read token. One that was made with a key that this process has accepted is told from others without a look at Redis, so vain attempts
 * from the address of a proxy lock no page out; and one that is over is no vain attempt.
 */
async function acceptToken(
  parts: AuthenticateParts,
  { text, generationId }: { text: string; generationId: string },
  address: string,
): Promise<Caller> {
  const { store, attempts } = parts;
  const sent = parseReadToken(text);
  const isBy = (keyHash: string | undefined): boolean =>
    sent !== undefined && keyHash !== undefined && isTokenOf(sent, { keyId: sent.keyId, keyHash, generationId });
  if (!isBy(attempts.acceptedHash(sent?.keyId ?? ''))) attempts.check(address, undefined);
  const key = sent === undefined ? undefined : await lookUp(parts, sent.keyId, 'read');
  if (sent === undefined || key === undefined || key.isPending === true || !isBy(key.hash)) {
    attempts.failed(address, undefined);
    throw new ApiError('api.unauthenticated', 'it is no read token of this generation, or its API key was revoked');
  }
  if ((await store.readTime()) >= sent.expiresAt) throw new ApiError('api.unauthenticated', 'the read token is over: make another one');
  const { keyId } = sent;
  const scopes = key.scopes.filter((each) => each === 'read');
  return { keyId, keyHash: key.hash, rateName: `${keyId}:${generationId}`, tenant: key.tenant, scopes };
}

async function lookUp({ store }: AuthenticateParts, id: string, scope: ApiScope): ReturnType<GenerationStore['useApiKey']> {
  try {
    return await store.useApiKey(id, scope);
  } catch (error) {
    if (error instanceof DarkroomError) throw error;
    // Not the error itself: its command may hold what was sent.
    throw new QueueUnavailableError('could not look up the API key: redis does not answer; nothing was sent', { reached: 'no' });
  }
}

/** Refuses a key without the scope of a call. @throws ApiError */
export function checkScope({ scopes }: Pick<Caller, 'scopes'>, scope: ApiScope): void {
  if (!scopes.includes(scope))
    throw new ApiError('api.forbidden', `the API key has the scopes ${scopes.join(', ')}, and this call needs "${scope}"`);
}
