import type { Catcher } from './catcher.ts';
import { describeAnswer, IMAGE_NANO_USD, isAccepted, pollUntilOver, PROMPT, type Observation, type Step } from './step.ts';

const UPLOAD_LIMIT_MS = 30_000;
/** Six attempts of the documented schedule (250 ms, doubling up to 8 s) lie within it. */
const RETRIES_MS = 18_000;

/** Observes the form and the order of a webhook and an upload, and whether the provider repeats a failed webhook. */
export const catcherStep = (catcher: Catcher, publicUrl: string): Step => ({
  questions: [1, 2, 3],
  title: 'webhook and upload: form, headers, order, and what a failed webhook does',
  worstNanoUsd: IMAGE_NANO_USD,
  async run(probe) {
    const { client, budget, createId, sleep, now } = probe;
    const taskUUID = createId();
    catcher.answer('/webhook/', 500);
    const answer = await client.buy({
      taskUUID,
      prompt: PROMPT,
      webhookURL: `${publicUrl}/webhook/${taskUUID}`,
      uploadEndpoint: `${publicUrl}/upload/${taskUUID}`,
    });
    if (!isAccepted(answer)) return [{ text: `the purchase was refused: ${describeAnswer(answer)}`, sure: 'not seen' }];
    budget.spend(IMAGE_NANO_USD);
    await pollUntilOver(probe, taskUUID);
    const endedAt = now();
    const uploads = () => catcher.caught.filter(({ path }) => path === `/upload/${taskUUID}`);
    const webhooks = () => catcher.caught.filter(({ path }) => path === `/webhook/${taskUUID}`);
    while (uploads().length === 0 && now() - endedAt < UPLOAD_LIMIT_MS) await sleep(100);
    while (now() - endedAt < RETRIES_MS) await sleep(100);
    const [upload] = uploads();
    const [webhook] = webhooks();
    return [...describeWebhook(webhook, webhooks().length), ...describeUpload(upload, endedAt, webhook?.at)];
  },
});

function describeWebhook(webhook: Catcher['caught'][number] | undefined, attempts: number): Observation[] {
  if (webhook === undefined) return [{ text: 'no webhook came: does --catcher lead here?', sure: 'not seen' }];
  const { method, bodyForm, headers, contentType } = webhook;
  return [
    { text: `webhook: ${method}, body ${bodyForm}, ${contentType ?? 'no content type'}, headers ${headers.join(' ')}`, sure: 'seen once' },
    { text: `a webhook answered with 500 was sent ${attempts} times within ${RETRIES_MS / 1000} s`, sure: 'seen once' },
  ];
}

function describeUpload(upload: Catcher['caught'][number] | undefined, endedAt: number, webhookAt: number | undefined): Observation[] {
  if (upload === undefined) return [{ text: `no upload came within ${UPLOAD_LIMIT_MS / 1000} s after the result`, sure: 'not seen' }];
  const { method, isChunked, contentType, sizeBytes } = upload;
  const afterMs = Math.max(0, Math.round(upload.at - endedAt));
  const order = webhookAt === undefined ? '' : upload.at > webhookAt ? ', after the webhook' : ', before the webhook';
  return [
    {
      text: `upload: ${method}, ${sizeBytes} bytes, ${contentType ?? 'no content type'}, ${isChunked ? 'chunked' : 'with its length'}, ${afterMs} ms after the result${order}`,
      sure: 'seen once',
      setting: {
        name: 'TIMING_UPLOAD_WINDOW_MS',
        value: String(Math.max(60_000, 20 * afterMs)),
        why: 'twenty times what was seen, at least a minute; then imageURL is fetched',
      },
    },
  ];
}
