import type { GrokImagineRequest, PurchaseOrder } from '@darkroom/contracts';
import { createPooledFetch, createRunwareClient, type RunwareClient, type RunwareClientConfig } from '../src/index.ts';
import { startScriptedProvider, type Script, type ScriptedProvider } from './scripted-provider.ts';

export const taskUUID = '39571168-687a-4aec-a253-df7be20bd0d4';
export const otherTaskUUID = '12228d65-c7e2-4b7c-959b-624762395b63';
export const apiKey = 'rw-0123456789abcdef0123456789abcdef';
export const NOW = Date.UTC(2026, 10, 22, 12, 0, 0);

export const order = {
  taskUUID,
  request: {
    taskType: 'imageInference',
    model: 'xai:grok-imagine@image',
    positivePrompt: 'A surreal cinematic scene of a lone astronaut standing on a mirror-like salt flat',
    width: 1280,
    height: 896,
    numberResults: 4,
    outputType: 'base64Data',
    outputFormat: 'JPG',
    outputQuality: 95,
    deliveryMethod: 'sync',
    ttl: 60,
    safety: { checkContent: false, mode: 'none' },
    includeCost: false,
    clientReference: otherTaskUUID,
  },
  ttlSeconds: 86_400,
  uploadEndpoint: 'https://bucket.s3.us-east-1.amazonaws.com/staging/1?X-Amz-Signature=feedc0de',
  webhookURL: 'https://hooks.example.com/webhooks/runware?capability=k1.c0ffee',
} as const satisfies PurchaseOrder & { request: GrokImagineRequest };

/** Texts that no fault may hold. */
export const secrets = [apiKey, order.request.positivePrompt, 'feedc0de', 'c0ffee'];

export interface World extends AsyncDisposable {
  provider: ScriptedProvider;
  client: RunwareClient;
}

export async function setup(script?: Script, config: Partial<RunwareClientConfig> = {}): Promise<World> {
  const provider = await startScriptedProvider(script);
  const pooled = createPooledFetch(10);
  const client = createRunwareClient(
    { url: `${provider.url}/v1`, apiKey, requestTimeoutMs: 5000, maxImageBytes: 1024, imageHosts: [provider.host], ...config },
    { now: () => NOW, fetch: pooled.fetch },
  );
  return {
    provider,
    client,
    [Symbol.asyncDispose]: async () => {
      await pooled.close();
      await provider[Symbol.asyncDispose]();
    },
  };
}
