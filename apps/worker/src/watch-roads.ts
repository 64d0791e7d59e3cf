import type { SettleReply, Settlement, SubmissionRef } from '@darkroom/contracts';
import type { Logger } from '@darkroom/service-runtime';

/** So many images in a row without an upload are no chance: single uploads get lost. */
const IN_A_ROW = 5;

/**
 * Warns when images keep coming home by their address at the provider because no upload comes: every image then waits for the upload
 * window first, and is lost if the address fails as well. Warns once, and says when uploads arrive again.
 * @param settle Ends a submission; what passes through it is not changed.
 */
export function watchRoads<Reply extends Pick<SettleReply, 'kind'>>(
  settle: (ref: SubmissionRef, settlement: Settlement) => Promise<Reply>,
  logger: Logger,
): (ref: SubmissionRef, settlement: Settlement) => Promise<Reply> {
  let withoutUpload = 0;
  return async (ref, settlement) => {
    const reply = await settle(ref, settlement);
    if (reply.kind !== 'settled') return reply;
    if (settlement.result.road === 'image-url') {
      withoutUpload += 1;
      if (withoutUpload === IN_A_ROW)
        logger.warn(
          { event: 'uploads.missing', images: withoutUpload },
          `the last ${IN_A_ROW} images came home by their address at the provider, because no upload came to the bucket: check that the provider reaches the address in presigned URLs (S3_PUBLIC_ENDPOINT, else S3_ENDPOINT) and that the bucket takes a bare PUT`,
        );
    } else if (settlement.result.road === 'upload') {
      if (withoutUpload >= IN_A_ROW) logger.info({ event: 'uploads.arrive', images: withoutUpload }, 'uploads arrive in the bucket again');
      withoutUpload = 0;
    }
    return reply;
  };
}
