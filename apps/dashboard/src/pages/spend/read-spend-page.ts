import type { GenerationStore } from '@darkroom/generation-store';

export type SpendStore = Pick<
  GenerationStore,
  'readSpend' | 'tenantsOf' | 'findCaps' | 'findCapsChange' | 'findCapsRestrictions' | 'readTime'
>;

const TENANTS = 100;
const DAY_MS = 86_400_000;

/**
 * Reads the money of the store, and of the tenants of a day.
 * @param day Such as "2026-11-30"; today if it is none.
 * @param after Where the page of tenants begins.
 */
export async function readSpendPage(store: SpendStore, day: string | undefined, after: string | undefined) {
  const now = await store.readTime();
  const today = new Date(now).toISOString().slice(0, 10);
  const shown = day !== undefined && /^\d{4}-\d\d-\d\d$/.test(day) ? day : today;
  const [periods, tenants, month, caps, changed, restrictions] = await Promise.all([
    store.readSpend(),
    store.tenantsOf(`day:${shown}`, { limit: TENANTS, ...(after !== undefined && { after }) }),
    store.tenantsOf(`month:${today.slice(0, 7)}`, { limit: TENANTS }),
    store.findCaps(),
    store.findCapsChange(),
    store.findCapsRestrictions(),
  ]);
  const days = Array.from({ length: 14 }, (_, back) => new Date(now - back * DAY_MS).toISOString().slice(0, 10));
  return { now, shown, days, periods, tenants, month, caps: caps?.caps, changed, isRecorded: restrictions.length === 0 };
}
export type SpendPage = Awaited<ReturnType<typeof readSpendPage>>;
