import type { KeptRequest, Labels, PresentIntent, StoredRequest } from '@darkroom/contracts';

/** Keeps the request and the intent of a commitment in S3, as a worker does before it sends. */
export async function recordPurchase(
  storage: {
    recordRequest(request: Omit<KeptRequest, 'version' | 'salt'>): Promise<{ kind: 'kept'; requestDigest: string } | { kind: 'erased' }>;
    recordIntent(intent: PresentIntent): Promise<unknown>;
  },
  { intent: unsigned, request, labels }: { intent: Omit<PresentIntent, 'requestDigest'>; request: StoredRequest; labels?: Labels },
): Promise<PresentIntent> {
  const { generationId, provider, model } = unsigned;
  const recorded = await storage.recordRequest({ generationId, provider, model, request, ...labels });
  if (recorded.kind === 'erased') throw new Error(`the request of ${generationId} was erased`);
  const intent = { ...unsigned, requestDigest: recorded.requestDigest };
  await storage.recordIntent(intent);
  return intent;
}
