import { ApiError } from '../answers/api-error.ts';

/** Memory of a process for bodies that arrive, in bytes. A body takes several times its size until it is kept. */
export const ROOM_BYTES = {
  /** For bodies of JSON: sixty of the largest. */
  json: 60 * 1024 * 1024,
  /** For reference images: six of the largest. */
  bytes: 120 * 1024 * 1024,
} as const;
/** The part of what is free that one tenant may have: however many take theirs, some is left for the next one. */
const SHARE_OF_FREE = 0.5;

/** The memory of a process for bodies of one kind. */
export interface BodyRoom {
  /** Reserves the bytes of a body before it is read. @returns what frees them, once. @throws ApiError without room. */
  take(tenant: string, bytes: number): () => void;
}

export function createBodyRoom(roomBytes: number): BodyRoom {
  const ofTenants = new Map<string, number>();
  let taken = 0;
  return {
    take(tenant, bytes) {
      const own = ofTenants.get(tenant) ?? 0;
      const free = roomBytes - taken;
      if (bytes > free || (own > 0 && own + bytes > free * SHARE_OF_FREE))
        throw new ApiError('api.too-many-requests', 'the API reads as many bodies as it has memory for; call again in a moment', {
          retryAfterSeconds: 1,
        });
      taken += bytes;
      ofTenants.set(tenant, own + bytes);
      let isFreed = false;
      return () => {
        if (isFreed) return;
        isFreed = true;
        taken -= bytes;
        const left = (ofTenants.get(tenant) ?? 0) - bytes;
        if (left > 0) ofTenants.set(tenant, left);
        else ofTenants.delete(tenant);
      };
    },
  };
}
