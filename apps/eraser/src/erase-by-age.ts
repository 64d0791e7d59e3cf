import { createHash } from 'node:crypto';
import { encodeTenant } from '@darkroom/contracts';
import type { AgedPlace, AgedState, AgedWhat, ErasingStore, KeptDays } from '@darkroom/generation-store';
import type { ErasingStorage } from '@darkroom/object-storage';
import { explainShortly, type Logger } from '@darkroom/service-runtime';
import { LEAST_KEPT_DAYS } from './config.ts';
import { inLanes } from './in-lanes.ts';
import { readOwned, type OwnedGeneration, type StoredReading } from './read-stored-page.ts';

const DAY_MS = 86_400_000;
/** A run lies at most 30 days ahead, and the last day of a month frees what a cap of the month held. */
const DATE_GROWS_MS = 62 * DAY_MS;
/** Generations of a page, and names that it passes by at most. */
const PAGE = 50;
const MOST_NAMES = 5000;
const LANES = 8;
/** Time for which rules and days are not read again. */
const KNOWN_FOR_MS = 60_000;

export interface ByAgeParts {
  store: Pick<ErasingStore, 'readKeptDays' | 'readAgedState' | 'readOpenOf' | 'beginAged' | 'takeAged'>;
  storage: StoredReading & Pick<ErasingStorage, 'listRecordsOf' | 'deleteImages'>;
  /** Days of all tenants that have no rule of their own. */
  kept: KeptDays;
  logger: Logger;
  /** Called with the number of images of each page. */
  onErased: (images: number) => void;
  /** Milliseconds, of any clock. */
  elapsed: () => number;
}

interface Rules {
  readAt: number;
  ofTenants: Map<string, KeptDays>;
  /** Names these rules and no others. */
  name: string;
  dates: string[];
}

/** Erases what is older than its days, a page at each call. */
export interface ErasingByAge {
  /** @returns true if there may be more to do at once. */
  advance(): Promise<boolean>;
}

/**
 * Erases by age. It goes through the days of S3, and through each once until something more of it goes: a day from which all has gone costs nothing.
 * Age counts from the last record of an end by the clock of S3. The place is written with each page, in one script with what the page puts on the
 * list of erasures.
 */
export function createErasingByAge({ store, storage, kept, logger, onErased, elapsed }: ByAgeParts): ErasingByAge {
  let known: Rules | undefined;

  async function readRules(): Promise<Rules | undefined> {
    if (known !== undefined && elapsed() - known.readAt < KNOWN_FOR_MS) return known;
    const ofTenants = await store.readKeptDays();
    if (ofTenants === undefined) return undefined;
    const all = [['', kept] as const, ...[...ofTenants].toSorted(([one], [other]) => (one < other ? -1 : 1))];
    const name = createHash('sha256').update(JSON.stringify(all)).digest('hex').slice(0, 16);
    const dates = all.some(([, days]) => leastOf(days) < Infinity) ? await storage.listStoredDates() : [];
    known = { readAt: elapsed(), ofTenants, name, dates };
    return known;
  }

  /** Returns the days of a tenant: its own rule, and else that of all. */
  const daysOf = ({ ofTenants }: Rules, tenant: string): KeptDays => ({ ...kept, ...ofTenants.get(encodeTenant(tenant)) });

  return {
    async advance() {
      const state = await store.readAgedState();
      if (state.mustWait) {
        // A Redis that went back may hold other rules once it was compared.
        known = undefined;
        return false;
      }
      const rules = await readRules();
      if (rules === undefined || rules.dates.length === 0) return false;
      if (state.rules !== rules.name) {
        await store.beginAged(rules.name);
        return true;
      }
      const place = state.place ?? nextDay(rules, state, Math.min(...[kept, ...rules.ofTenants.values()].map(leastOf)));
      if (place === undefined) return false;
      await look(rules, state, place);
      return true;
    },
  };

  async function look(rules: Rules, { now }: AgedState, place: AgedPlace): Promise<void> {
    const { date } = place;
    const page = await readPage(date, place.after);
    const due: { generationId: string; tenant: string; what: AgedWhat }[] = [];
    let { nextLook } = place;
    // What runs or waits long writes its first record days after the date of its id.
    if (now - Date.parse(date) < DATE_GROWS_MS) nextLook = Math.min(nextLook, now + DAY_MS);
    const imagesOnly: { generationId: string; tenant: string; what: 'images' }[] = [];
    for (const { generationId, tenant, request, writtenAt } of page.owned) {
      if (tenant === '') {
        // Its records are damaged, and nothing tells whose days hold.
        nextLook = Math.min(nextLook, now + DAY_MS);
        continue;
      }
      const { requests = Infinity, images = Infinity } = daysOf(rules, tenant);
      const isGone = request === 'tombstone-keeps-images';
      const at = { requests: isGone ? Infinity : dueAt(writtenAt, requests), images: dueAt(writtenAt, images) };
      const [requestsGo, imagesGo] = [isGone || at.requests <= now, at.images <= now];
      if (requestsGo && imagesGo) due.push({ generationId, tenant, what: 'all' });
      else if (requestsGo && !isGone) due.push({ generationId, tenant, what: 'requests' });
      else if (imagesGo) imagesOnly.push({ generationId, tenant, what: 'images' });
      for (const later of [at.requests, at.images]) if (later > now) nextLook = Math.min(nextLook, later);
    }
    const stays = await store.readOpenOf(imagesOnly.map(({ generationId }) => generationId));
    if (stays === undefined) return;
    const [open, closed] = [
      imagesOnly.filter(({ generationId }) => stays.has(generationId)),
      imagesOnly.filter(({ generationId }) => !stays.has(generationId)),
    ];
    await inLanes(closed, LANES, ({ generationId }) => deleteImages(generationId));
    const left = await store.takeAged(rules.name, { date, after: page.after, nextLook }, [...due, ...open]);
    if (due.length + closed.length > 0)
      logger.info(
        { event: 'erasure.by-age', date, requests: due.length, images: closed.length, open: left },
        'erases what is older than its days',
      );
  }

  async function readPage(date: string, after: string): Promise<{ owned: OwnedGeneration[]; after: string }> {
    const owned: OwnedGeneration[] = [];
    const names = [];
    let [seen, last] = [0, ''];
    for await (const name of storage.listStoredOf(date, after === '-' ? undefined : after)) {
      seen += 1;
      last = name.generationId;
      if (name.request !== 'tombstone') names.push(name);
      if (names.length >= PAGE || seen >= MOST_NAMES) break;
      last = '';
    }
    await inLanes(names, LANES, async (name) => void owned.push(await readOwned(storage, name)));
    return { owned, after: last };
  }

  async function deleteImages(generationId: string): Promise<void> {
    try {
      onErased(await storage.deleteImages(generationId, await storage.listRecordsOf(generationId)));
    } catch (error) {
      logger.warn({ event: 'erasure.failed', generationId, reason: explainShortly(error) }, 'could not erase images by their age');
      throw error;
    }
  }
}

const leastOf = ({ requests = Infinity, images = Infinity }: KeptDays): number => Math.min(requests, images);

/** A rule of a tenant may say less than the least age; that holds then. */
const dueAt = (writtenAt: number, days: number): number => writtenAt + Math.max(days, LEAST_KEPT_DAYS) * DAY_MS;

/** Returns the begin of the oldest day that is old enough and due for a look. */
function nextDay({ dates }: Rules, { now, nextLooks }: AgedState, leastDays: number): AgedPlace | undefined {
  const date = dates.find((each) => dueAt(Date.parse(each), leastDays) <= now && (nextLooks.get(each) ?? 0) <= now);
  return date === undefined ? undefined : { date, after: '-', nextLook: Infinity };
}
