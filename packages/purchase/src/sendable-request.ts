import { findKeptInput, type GrokImagineRequest } from '@darkroom/contracts';

/**
 * The request as the provider can read it: a reference image that lies in the bucket becomes a URL. The URL is a secret and it
 * ends, so it is made anew for each send and kept nowhere.
 * @param presign The URL of a kept image, by its SHA-256.
 */
export async function buildSendableRequest(
  request: GrokImagineRequest,
  presign: (sha256: string) => Promise<string>,
): Promise<GrokImagineRequest> {
  if (request.inputs === undefined) return request;
  const referenceImages = await Promise.all(
    request.inputs.referenceImages.map(async (image) => {
      const sha256 = findKeptInput(image);
      return sha256 === undefined ? image : presign(sha256);
    }),
  );
  return { ...request, inputs: { referenceImages } };
}
