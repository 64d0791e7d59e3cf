import { randomUUID } from 'node:crypto';
import { ConfigError, parseUsd, type NanoUsd } from '@darkroom/contracts';
import { z } from 'zod';
import type { RunwareClientConfig } from './client.ts';
import { exchangeTask } from './exchange.ts';

/** Reads the money that is left on the account. */
export interface BalanceReader {
  /** @returns undefined if the provider does not tell it: no permission, another answer, a network in between. Never throws. */
  readBalance(signal?: AbortSignal): Promise<NanoUsd | undefined>;
}

/** The answer also holds names, addresses and keys of a team; nothing but the balance is read, and nothing of it is logged. */
const answerSchema = z.object({ data: z.array(z.object({ balance: z.union([z.number(), z.string()]) })).min(1) });

/** An account may be overdrawn. @returns undefined for an amount that money here cannot hold. */
function amountOf(balance: number | string): NanoUsd | undefined {
  const text = String(balance);
  try {
    return text.startsWith('-') ? -parseUsd(roundedOf(text.slice(1))) : parseUsd(roundedOf(text));
  } catch {
    return undefined;
  }
}

/** Floating point may have left more decimals than the nine that money has here. */
const roundedOf = (text: string): string => Number(text).toFixed(9);

/**
 * Creates a reader of the balance, by the task `accountManagement` with the operation `getDetails` (Runware docs, platform/account-management).
 * @throws ConfigError for an address that cannot be used.
 */
export function createBalanceReader(
  config: Pick<RunwareClientConfig, 'url' | 'apiKey' | 'requestTimeoutMs'>,
  { fetch: fetchOnce = fetch, now }: { fetch?: typeof fetch; now: () => number },
): BalanceReader {
  if (!URL.canParse(config.url)) throw new ConfigError([{ path: 'url', message: 'must be an http(s) URL' }]);
  const settings = { ...config, url: config.url.replace(/\/+$/, ''), fetch: fetchOnce, now };
  return {
    async readBalance(signal) {
      const task = { taskType: 'accountManagement', taskUUID: randomUUID(), operation: 'getDetails' };
      const exchange = await exchangeTask(settings, task, signal);
      if (exchange.kind !== 'answered' || exchange.status !== 200 || exchange.body.kind !== 'json') return undefined;
      const answer = answerSchema.safeParse(exchange.body.value);
      const balance = answer.data?.data[0]?.balance;
      if (balance === undefined || !Number.isFinite(Number(balance)) || balance === '') return undefined;
      return amountOf(balance);
    },
  };
}
