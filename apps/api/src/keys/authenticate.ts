import { isSameHash, parseApiKey, QueueUnavailableError, DarkroomError, type ApiScope } from '@darkroom/contracts';
import type { GenerationStore } from '@darkroom/generation-store';
import { ApiError } from '../answers/api-error.ts';

/** A key that was accepted. */
export interface Caller {
  keyId: string;
  tenant: string;
}

const NEEDED = 'send an API key of Darkroom: Authorization: Bearer dk_…';

/**
 * Accepts a key. Redis is asked for each request, so that a revoked key holds at once.
 * @param header The value of `Authorization`.
 * @throws ApiError for a missing, mistyped, unknown or revoked key, or one without the scope; QueueUnavailableError while Redis is away.
 */
export async function authenticate(
  store: Pick<GenerationStore, 'useApiKey'>,
  header: string | undefined,
  scope: ApiScope,
): Promise<Caller> {
  if (header === undefined) throw new ApiError('api.unauthenticated', `no API key was sent; ${NEEDED}`);
  const [, text = ''] = /^Bearer +(\S+) *$/i.exec(header) ?? [];
  const given = parseApiKey(text);
  if (given === undefined) throw new ApiError('api.unauthenticated', `what was sent is no API key, or has a typing mistake; ${NEEDED}`);
  const key = await store.useApiKey(given.id).catch((error: unknown) => {
    if (error instanceof DarkroomError) throw error;
    // Not the error itself: its command may hold what was sent.
    throw new QueueUnavailableError('could not look up the API key: redis does not answer; nothing was sent', { reached: 'no' });
  });
  if (key === undefined || !isSameHash(key.hash, given.hash))
    throw new ApiError('api.unauthenticated', `the API key is unknown or revoked; ${NEEDED}`);
  if (!key.scopes.includes(scope))
    throw new ApiError('api.forbidden', `the API key has the scopes ${key.scopes.join(', ')}, and this call needs "${scope}"`);
  return { keyId: given.id, tenant: key.tenant };
}
