import type { Dice } from '../dice.ts';
import { purposeOf, type Task } from '../state/task.ts';
import { buildResultItem, failureOf, type ItemParts, type ResultItem } from '../tasks/result-item.ts';
import type { Clock } from '../clock.ts';
import type { Stats } from '../stats.ts';
import { sendWithRetries } from './retry.ts';
import { isSuccess, send, type HttpStatus } from './send.ts';
import { buildWebhookBody } from './webhook-body.ts';

export interface WebhookParts extends ItemParts {
  dice: Dice;
  clock: Clock;
  stats: Stats;
  signal: AbortSignal;
}

/** Sends the webhook of one item, with its retries. "Each completed item triggers a separate webhook call" (model page, "webhookURL"). */
export async function sendWebhook(task: Task, index: number, parts: WebhookParts, onFirstAttempt: () => void): Promise<void> {
  const { dice, clock, stats, signal } = parts;
  const { faults } = task;
  if (dice.chance(faults.webhookDropRate, ...purposeOf('webhook-drop', task, index))) {
    stats.webhooksDropped += 1;
    return;
  }
  const item = failureOf(task) ?? { ...(await buildResultItem(task, index, parts)), status: 'success' };
  const post = async (): Promise<HttpStatus> => {
    const status = await postJson(task, buildWebhookBody(task, index, item, dice), parts);
    onFirstAttempt();
    return status;
  };
  const purpose = purposeOf('webhook-retry', task, index);
  const status = await sendWithRetries(post, { attempts: faults.webhookAttempts, faults, dice, purpose, clock, signal });
  if (isSuccess(status)) stats.webhooksAnswered += 1;
  else stats.webhooksGivenUp += 1;
  if (isSuccess(status) && dice.chance(faults.webhookDuplicateRate, ...purposeOf('webhook-duplicate', task, index))) await post();
}

/** Tells once that the task is running. */
export async function sendProgress(task: Task, parts: WebhookParts): Promise<void> {
  const item: ResultItem = { taskType: 'imageInference', taskUUID: task.taskUUID, status: 'processing', progress: 50 };
  await postJson(task, buildWebhookBody(task, 0, item, parts.dice), parts);
}

async function postJson({ request, faults }: Task, body: unknown, { stats, signal }: WebhookParts): Promise<HttpStatus> {
  if (request.webhookURL === undefined) return 0;
  stats.webhooksSent += 1;
  return send({
    method: 'POST',
    url: request.webhookURL,
    body: Buffer.from(JSON.stringify(body)),
    contentType: 'application/json',
    timeoutMs: faults.webhookTimeoutMs,
    signal,
  });
}
