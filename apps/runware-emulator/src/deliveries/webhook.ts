import { purposeOf, type Task } from '../state/task.ts';
import { buildResultItem, failureItem, failureOf, type ResultItem } from '../tasks/result-item.ts';
import { findUnrelatedResult, type UnrelatedDependencies } from '../tasks/unrelated-result.ts';
import type { Clock } from '../clock.ts';
import type { Stats } from '../stats.ts';
import { sendWithRetries } from './retry.ts';
import { isSuccess, send, type HttpStatus } from './send.ts';
import { buildWebhookBody } from './webhook-body.ts';

export interface WebhookDependencies extends UnrelatedDependencies {
  clock: Clock;
  stats: Stats;
  signal: AbortSignal;
}

/** Sends the webhook of one item, with its retries. "Each completed item triggers a separate webhook call" (model page, "webhookURL"). */
export async function sendWebhook(task: Task, index: number, dependencies: WebhookDependencies, onFirstAttempt: () => void): Promise<void> {
  const { dice, clock, stats, signal } = dependencies;
  const { faults } = task;
  const draws = (rate: number, what: string): boolean => dice.chance(rate, ...purposeOf(what, task, index));
  if (draws(faults.webhookDropRate, 'webhook-drop')) {
    stats.webhooksDropped += 1;
    return;
  }
  const item = failureOf(task) ?? (await buildNews(task, index, dependencies));
  if (item.status === 'success' && draws(faults.webhookErrorFirstRate, 'webhook-error-first')) {
    const error = failureItem(task.taskUUID, 'providerError', 'The provider returned an error.');
    await postJson(task, buildWebhookBody(task, index, error, dice), dependencies);
  }
  const post = async (): Promise<HttpStatus> => {
    const status = await postJson(task, buildWebhookBody(task, index, item, dice), dependencies);
    onFirstAttempt();
    return status;
  };
  const purpose = purposeOf('webhook-retry', task, index);
  const status = await sendWithRetries(post, { attempts: faults.webhookAttempts, faults, dice, purpose, clock, signal });
  if (isSuccess(status)) stats.webhooksAnswered += 1;
  else stats.webhooksGivenUp += 1;
  if (isSuccess(status) && draws(faults.webhookDuplicateRate, 'webhook-duplicate')) await post();
}

/** Builds the item of a webhook about an image. */
async function buildNews(task: Task, index: number, dependencies: WebhookDependencies): Promise<ResultItem & { status: 'success' }> {
  const news = { ...(await buildResultItem(task, index, dependencies)), status: 'success' as const };
  if (!dependencies.dice.chance(task.faults.webhookStrangeImageRate, ...purposeOf('webhook-strange-image', task, index))) return news;
  const unrelated = await findUnrelatedResult(task.taskUUID, 'webhook-stranger', dependencies);
  return unrelated?.['imageURL'] === undefined ? news : { ...news, imageURL: unrelated['imageURL'] };
}

/** Sends one webhook that the task is running. */
export async function sendProgress(task: Task, dependencies: WebhookDependencies): Promise<void> {
  const item: ResultItem = { taskType: 'imageInference', taskUUID: task.taskUUID, status: 'processing', progress: 50 };
  await postJson(task, buildWebhookBody(task, 0, item, dependencies.dice), dependencies);
}

async function postJson({ request, faults }: Task, body: unknown, { stats, signal }: WebhookDependencies): Promise<HttpStatus> {
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
