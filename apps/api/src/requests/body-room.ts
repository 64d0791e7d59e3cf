import { ApiError } from '../answers/api-error.ts';

/** Bytes of bodies that a process holds at once: six uploads of the largest size. A body takes several times its size until it is kept. */
const ROOM_BYTES = 120 * 1024 * 1024;
/** The part of it that one tenant may take. */
const TENANT_SHARE = 0.5;

/** The memory of a process for bodies that arrive. */
export interface BodyRoom {
  /** Reserves the bytes of a body before it is read. @returns what frees them, once. @throws ApiError without room. */
  take(tenant: string, bytes: number): () => void;
}

export function createBodyRoom(roomBytes = ROOM_BYTES): BodyRoom {
  const ofTenants = new Map<string, number>();
  let taken = 0;
  return {
    take(tenant, bytes) {
      const own = ofTenants.get(tenant) ?? 0;
      if (taken + bytes > roomBytes || (own > 0 && own + bytes > roomBytes * TENANT_SHARE))
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
