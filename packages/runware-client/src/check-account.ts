import { randomUUID } from 'node:crypto';
import { modelId, sizeOfRatio, taskType, type ProviderFault } from '@darkroom/contracts';
import { readAnswer } from './answer.ts';
import { exchangeTask, type ExchangeSettings } from './exchange.ts';
import type { Redactor } from './redact.ts';
import { submitVerdictOf } from './submit-verdict.ts';

/** What a dry run said of the account. */
export type AccountVerdict =
  /** The task would be taken. */
  | { kind: 'open' }
  /** Key, permission or balance. */
  | { kind: 'account'; fault: ProviderFault }
  /** It says nothing of the account: trouble on the way, throttling. */
  | { kind: 'inconclusive'; fault: ProviderFault }
  /** An image came back: the provider does not know dry runs, and this one was a purchase. Do not ask again. */
  | { kind: 'not-dry' };

/**
 * Sends the cheapest task of the model with `X-Runware-Dry-Run: 1` (Runware's skill for coding agents: validates and prices
 * without running or charging). Synchronous, so that a provider which ignores the header gives itself away by an image.
 */
export async function checkAccount(settings: ExchangeSettings, redactor: Redactor, signal?: AbortSignal): Promise<AccountVerdict> {
  const taskUUID = randomUUID();
  const { width, height } = sizeOfRatio['1:1'];
  const task = {
    taskType,
    taskUUID,
    model: modelId,
    positivePrompt: 'a grey card',
    width,
    height,
    numberResults: 1,
    deliveryMethod: 'sync',
  };
  const exchange = await exchangeTask(settings, task, signal, { 'x-runware-dry-run': '1' });
  const entries = exchange.kind === 'answered' && exchange.body.kind === 'json' ? (readAnswer(exchange.body.value) ?? []) : [];
  if (entries.some(({ imageUUID, imageURL }) => imageUUID !== undefined || imageURL !== undefined)) return { kind: 'not-dry' };
  const verdict = submitVerdictOf(exchange, taskUUID, redactor);
  switch (verdict.kind) {
    case 'accepted':
      return { kind: 'open' };
    case 'account':
      return { kind: 'account', fault: verdict.fault };
    default:
      return { kind: 'inconclusive', fault: verdict.fault };
  }
}
