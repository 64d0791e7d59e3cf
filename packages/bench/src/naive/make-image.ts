import { randomUUID } from 'node:crypto';
import type { Transport } from './transport.ts';

/** Key of the image of a task. */
export const imageKeyOf = (taskUUID: string): string => `images/${taskUUID}.jpg`;

/** Presigns and submits one image. */
export async function submitImage(transport: Transport, taskUUID: string, webhookURL: string): Promise<void> {
  const uploadEndpoint = await transport.presign(imageKeyOf(taskUUID));
  await transport.submit({
    taskType: 'imageInference',
    taskUUID,
    model: 'xai:grok-imagine@image',
    positivePrompt: 'a lighthouse at dusk',
    width: 1024,
    height: 1024,
    numberResults: 1,
    outputType: 'URL',
    outputFormat: 'JPG',
    includeCost: true,
    deliveryMethod: 'async',
    uploadEndpoint,
    webhookURL,
  });
}

/** Makes images in a loop without a queue: the calls alone. @param waitFor Resolves with the delivery of a task. */
export async function loopOverCalls(
  { images, concurrency, webhookURL }: { images: number; concurrency: number; webhookURL: string },
  transport: Transport,
  waitFor: (taskUUID: string) => Promise<unknown>,
): Promise<void> {
  let begun = 0;
  const run = async (): Promise<void> => {
    while (begun < images) {
      begun += 1;
      const taskUUID = randomUUID();
      const delivered = waitFor(taskUUID);
      await submitImage(transport, taskUUID, webhookURL);
      await delivered;
      await transport.head(imageKeyOf(taskUUID));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, run));
}
