import { defined, TEST_NOTIFICATION, type NotificationName, type NotificationPayload } from '@darkroom/contracts';
import type { NotifiedGeneration } from '@darkroom/generation-store';

/** Builds the body of a notification from the generation as it is now. @param at Time of the event, in milliseconds since 1970. */
export const buildPayload = (
  { eventId, type, index, n }: NotificationName,
  at: number,
  generation: NotifiedGeneration,
): NotificationPayload => {
  const { generationId, revision, status, tenant, tags, metadata, clientReference, costUsd, images } = generation;
  return {
    type,
    timestamp: new Date(at).toISOString(),
    data: {
      eventId,
      generationId,
      revision,
      status,
      tenant,
      costUsd,
      images: images.map(({ index: place, status: imageStatus, image, withheld }) => ({
        index: place,
        status: imageStatus,
        ...defined({ key: image?.key, sha256: image?.sha256, withheld }),
      })),
      ...defined({ tags, metadata, clientReference, index, n }),
    },
  };
};

/** Builds the body of a notification that tries an endpoint: of the same form, and of no generation. @param at Time of the call. */
export const buildTestPayload = (
  { eventId, generationId }: Pick<NotificationName, 'eventId' | 'generationId'>,
  at: number,
  tenant: string,
): NotificationPayload => ({
  type: TEST_NOTIFICATION,
  timestamp: new Date(at).toISOString(),
  data: { eventId, generationId, revision: 0, status: 'succeeded', tenant, costUsd: '0', images: [] },
});
