import { randomUUID } from 'node:crypto';
import { defined, modelId, parseGrokImagineRequest, sizeOfRatio, type AccessVerdict } from '@darkroom/contracts';
import { isAbout, readAnswer } from './answer.ts';
import { exchangeTask, type Exchange, type ExchangeSettings } from './exchange.ts';
import { faultOfAnswer, faultOfEntry } from './fault.ts';
import type { Redactor } from './redact.ts';
import { isForeign, submitVerdictOf } from './submit-verdict.ts';
import { buildPollTask, buildPurchaseTask } from './task.ts';
import { taskStateOf } from './task-state.ts';

export interface AccountQuestion {
  /** True to try a purchase that is neither run nor charged. */
  dryRun: boolean;
  /** Upload address for that purchase: if the provider refuses such addresses, it refuses this one too. */
  uploadEndpoint?: string;
}

/**
 * Answer to "may this process buy?", with `canAsk` true if the provider answers questions from here, and `wasCharged` true if it ran the
 * dry run as a purchase.
 */
export type AccountVerdict = AccessVerdict & {
  canAsk: boolean;
  wasCharged: boolean;
  /** True if the provider was asked with a purchase; without it "open" says no more than that questions are answered. */
  wasTried: boolean;
};

/**
 * Asks if the provider would take a purchase from here, without any data of a caller. First a question about a task that does not exist:
 * it is free whatever the answer, and reveals a wrong key or address. Then, with `dryRun`, the plainest purchase under
 * `X-Runware-Dry-Run: 1` (Runware's skill for coding agents: validates and prices without running or charging). A provider that ignores
 * the header reveals it: by an image, because the task is synchronous, or by knowing the task when asked.
 */
export async function checkAccount(
  settings: ExchangeSettings,
  redactor: Redactor,
  { dryRun, uploadEndpoint }: AccountQuestion,
  signal?: AbortSignal,
): Promise<AccountVerdict> {
  const ask = (taskUUID: string): Promise<Exchange> => exchangeTask(settings, buildPollTask(taskUUID), signal);
  const unknownTask = randomUUID();
  const asked = verdictOfQuestion(await ask(unknownTask), unknownTask, redactor);
  if (asked.kind !== 'open' || !dryRun)
    return { ...asked, canAsk: asked.kind === 'open' || asked.kind === 'inconclusive', wasCharged: false, wasTried: false };

  const taskUUID = randomUUID();
  const request = parseGrokImagineRequest({ model: modelId, positivePrompt: 'a grey card', ...sizeOfRatio['1:1'] });
  const task = {
    ...buildPurchaseTask({ taskUUID, request, ttlSeconds: 60, ...defined({ uploadEndpoint }) }),
    deliveryMethod: 'sync',
  };
  const exchange = await exchangeTask(settings, task, signal, { 'x-runware-dry-run': '1' });
  const entries = exchange.kind === 'answered' && exchange.body.kind === 'json' ? (readAnswer(exchange.body.value) ?? []) : [];
  if (entries.some(({ imageUUID, imageURL }) => imageUUID !== undefined || imageURL !== undefined))
    return { kind: 'open', canAsk: true, wasCharged: true, wasTried: true };
  const verdict = submitVerdictOf(exchange, taskUUID, redactor);
  const accepted = async (): Promise<AccountVerdict> => {
    const state = taskStateOf(await ask(taskUUID), taskUUID, redactor);
    return { kind: 'open', canAsk: true, wasCharged: state.kind !== 'inconclusive' || state.known, wasTried: true };
  };
  switch (verdict.kind) {
    case 'accepted':
      return accepted();
    case 'account':
      return { kind: 'account', fault: verdict.fault, canAsk: true, wasCharged: false, wasTried: true };
    case 'refused':
      return { kind: 'refusing', fault: verdict.fault, canAsk: true, wasCharged: false, wasTried: true };
    case 'unknown':
      if (verdict.wordless === true) return accepted();
      return {
        kind: verdict.foreign === true ? 'foreign' : 'inconclusive',
        fault: verdict.fault,
        canAsk: true,
        wasCharged: false,
        wasTried: true,
      };
    case 'throttled':
    case 'conflict':
    case 'not-sent':
      return { kind: 'inconclusive', fault: verdict.fault, canAsk: true, wasCharged: false, wasTried: true };
    default:
      return verdict satisfies never;
  }
}

/** Concludes from the answer about a task that does not exist if address and key are right. */
function verdictOfQuestion(exchange: Exchange, taskUUID: string, redactor: Redactor): AccessVerdict {
  if (exchange.kind !== 'answered')
    return { kind: 'inconclusive', fault: { ...exchange.fault, message: redactor.text(exchange.fault.message) } };
  const value = exchange.body.kind === 'json' ? exchange.body.value : undefined;
  const errors = (readAnswer(value) ?? []).filter(({ isError }) => isError);
  const faults = errors.map((error) => faultOfEntry(error, redactor, exchange.status, false));
  const refusal = faults.find((fault) => fault.class === 'auth' || fault.class === 'quota');
  if (refusal !== undefined) return { kind: 'account', fault: refusal };
  const [fault = faultOfAnswer(exchange)] = faults;
  if (exchange.status >= 200 && exchange.status < 300 && errors.length === 0 && isAnswerAbout(value, taskUUID)) return { kind: 'open' };
  // `taskNotFound` and similar codes are the provider's answer for an unknown task.
  const isAnswer = fault.class === 'not-found' && /task/i.test(fault.code);
  if (isAnswer) return { kind: 'open' };
  return { kind: isForeign(exchange) ? 'foreign' : 'inconclusive', fault };
}

/** True for data that is empty or about the task; data of something else is that of another host. */
const isAnswerAbout = (value: unknown, taskUUID: string): boolean =>
  typeof value === 'object' &&
  value !== null &&
  'data' in value &&
  Array.isArray(value.data) &&
  (value.data.length === 0 || (readAnswer(value) ?? []).some((entry) => isAbout(entry, taskUUID)));
