import { findKeptInput, type StoredRequest } from '@darkroom/contracts';

/**
 * Returns the request as the provider can read it: a reference image in the bucket becomes a URL. The URL is a secret that expires, so each
 * send makes a new one and nothing stores it.
 * @param presign Returns the URL of a kept image by its SHA-256.
 */
export async function buildSendableRequest(request: StoredRequest, presign: (sha256: string) => Promise<string>): Promise<StoredRequest> {
  if (request.inputs === undefined) return request;
  const referenceImages = await Promise.all(
    request.inputs.referenceImages.map(async (image) => {
      const sha256 = findKeptInput(image);
      return sha256 === undefined ? image : presign(sha256);
    }),
  );
  return { ...request, inputs: { referenceImages } };
}
