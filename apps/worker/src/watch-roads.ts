import type { SubmissionRef } from '@darkroom/contracts';
import type { SettleReply, Settlement } from '@darkroom/generation-store';
import type { Logger } from '@darkroom/service-runtime';

/** Single uploads get lost by chance; so many in a row do not. */
const IN_A_ROW = 5;

/**
 * Warns once when images keep coming home by their address at the provider because no upload arrives, and logs when uploads arrive
 * again. Without uploads every image waits for the upload window, and is lost if its address fails as well.
 * @param settle Ends a submission; its replies pass unchanged.
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
