import { formatUsd, type NanoUsd } from '@darkroom/contracts';
import type { BalanceReader } from '@darkroom/runware-client';
import type { Metrics, Service } from '@darkroom/service-runtime';

/** The first question comes after the start, which has more urgent ones; then one in ten minutes. */
const defaults = { firstMs: 5000, everyMs: 600_000 };
/** Age of an answer that is not shown any more. */
const STALE_MS = 1_800_000;

/** Watches the balance of the account, if the provider tells it, and adds it as a gauge. */
export function watchBalance(
  metrics: Metrics,
  reader: BalanceReader,
  { firstMs, everyMs, now }: { firstMs?: number; everyMs?: number; now: () => number },
): Service & { start(): Promise<void> } {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let asking: Promise<void> | undefined;
  let told: { balance: NanoUsd; at: number } | undefined;
  metrics.readGauge(
    { name: 'darkroom_provider_balance_usd', help: 'Money left on the account at the provider; absent if the provider does not tell it.' },
    () => (told === undefined || now() - told.at > STALE_MS ? [] : [{ labels: {}, value: Number(formatUsd(told.balance)) }]),
  );
  const later = (ms: number): void => {
    if (stopping.signal.aborted) return;
    timer = setTimeout(() => {
      asking = (async () => {
        const balance = await reader.readBalance(stopping.signal).catch(() => undefined); // a figure to look at ends no worker
        if (balance !== undefined) told = { balance, at: now() };
        later(everyMs ?? defaults.everyMs);
      })();
    }, ms);
  };
  return {
    async start() {
      if (timer === undefined) later(firstMs ?? defaults.firstMs);
    },
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await asking;
    },
  };
}
