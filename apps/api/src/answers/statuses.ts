import type { ErrorCode } from '@darkroom/contracts';

/** The HTTP status of each code that is an answer: the one table of them. */
const statuses: Partial<Record<ErrorCode, number>> = {
  'api.malformed': 400,
  'api.unauthenticated': 401,
  'spend.cap-reached': 402,
  'api.forbidden': 403,
  'image.withheld': 403,
  'api.not-found': 404,
  'generation.not-found': 404,
  'image.not-there': 404,
  'webhook-endpoint.not-found': 404,
  'notification.not-found': 404,
  'api.method-not-allowed': 405,
  'request.conflict': 409,
  'generation.open': 409,
  'webhook-endpoint.too-many': 409,
  'retry.in-progress': 409,
  'retry.already-retried': 409,
  'retry.already-succeeded': 409,
  'retry.unknown-outcome': 409,
  'retry.lost-image': 409,
  'retry.image-arrived': 409,
  'generation.erased': 410,
  'api.too-large': 413,
  'api.unsupported-media-type': 415,
  'request.invalid': 422,
  'request.key-reused': 422,
  'request.id-out-of-time': 422,
  'api.too-many-requests': 429,
  'queue.full': 429,
  'api.failed': 500,
  'store.corrupt-record': 500,
  'storage.corrupt-record': 500,
  'storage.damaged-image': 500,
  'storage.unsuitable': 500,
  'queue.unavailable': 503,
  'queue.partly-enqueued': 503,
  'store.not-initialised': 503,
  'store.foreign-bucket': 503,
  'store.rebuild-needed': 503,
  'store.unavailable': 503,
  'store.newer-format': 503,
  'storage.unavailable': 503,
  'service.stopping': 503,
  'generation.wait-timeout': 503,
};

/** All statuses of errors. */
export const errorStatuses: readonly number[] = [...new Set(Object.values(statuses))];

/** Returns the HTTP status of a code; 500 for codes of images, processes and settings, which reach a caller only through a bug. */
export const statusOf = (code: ErrorCode): number => statuses[code] ?? 500;
