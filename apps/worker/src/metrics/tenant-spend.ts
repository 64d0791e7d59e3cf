import { formatUsd } from '@darkroom/contracts';
import type { GenerationStore, PeriodSpend } from '@darkroom/generation-store';
import type { Metrics } from '@darkroom/service-runtime';

/** Tenants that have no line of their own. */
const OTHERS = 'other';

const isDay = ({ name }: PeriodSpend): boolean => name.includes(':day:');

/** Adds the money of the named tenants, and that of all others together. @param tenants Few: each costs Redis a script at a scrape. */
export function addTenantSpend(metrics: Metrics, store: Pick<GenerationStore, 'readSpend'>, tenants: readonly string[]): void {
  metrics.readGauge(
    {
      name: 'darkroom_tenant_spend_usd',
      help: 'Money of a tenant in this period: spent and held; the tenants of METRICS_TENANTS, and all others together.',
      labels: ['tenant', 'period', 'part'],
    },
    async () => {
      // The money of a tenant that cannot be read is left out; while Redis is away all of it cannot.
      const [all, ...named] = await Promise.all([
        store.readSpend(),
        ...tenants.map((tenant) => store.readSpend(tenant).catch(() => undefined)),
      ]);
      return (['day', 'month'] as const).flatMap((period) => {
        const ofPeriod = (periods: readonly PeriodSpend[] = [], owner: string) =>
          periods.find((each) => each.name.startsWith(owner) && isDay(each) === (period === 'day'));
        let { reservedNanoUsd: othersHeld = 0, settledNanoUsd: othersSpent = 0 } = ofPeriod(all, 'all:') ?? {};
        const samples = named.flatMap((periods, at) => {
          const own = ofPeriod(periods, 'tenant:');
          if (own === undefined) return [];
          const { reservedNanoUsd, settledNanoUsd } = own;
          othersHeld -= reservedNanoUsd;
          othersSpent -= settledNanoUsd;
          return samplesOf(tenants[at] ?? OTHERS, period, settledNanoUsd, reservedNanoUsd);
        });
        // The questions are no single moment: a purchase in between must not make the rest negative.
        return [...samples, ...samplesOf(OTHERS, period, Math.max(0, othersSpent), Math.max(0, othersHeld))];
      });
    },
  );
}

const samplesOf = (tenant: string, period: string, spent: number, held: number) =>
  Object.entries({ spent, held }).map(([part, nanoUsd]) => ({ labels: { tenant, period, part }, value: Number(formatUsd(nanoUsd)) }));
