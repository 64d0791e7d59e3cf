import { findKeptInput, type KeptInput, type StoredRequest } from '@darkroom/contracts';

/**
 * Returns the request as the provider can read it: a reference image in the bucket becomes a URL. The URL is a secret that expires, so each
 * send makes a new one and nothing stores it.
 * @param presign Returns the URL of a kept image.
 */
export async function buildSendableRequest(request: StoredRequest, presign: (input: KeptInput) => Promise<string>): Promise<StoredRequest> {
  if (request.inputs === undefined) return request;
  const referenceImages = await Promise.all(
    request.inputs.referenceImages.map(async (image) => {
      const input = findKeptInput(image);
      return input === undefined ? image : presign(input);
    }),
  );
  return { ...request, inputs: { referenceImages } };
}
