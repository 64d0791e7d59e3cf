import { hasCode, type FindingPlace } from '@darkroom/contracts';
import type { Pass } from './pass.ts';

/** Does something with a record, or names the record in Redis that cannot be used: it stops nobody from looking at the rest. */
export async function orName<Value>(pass: Pass, place: FindingPlace, look: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await look();
  } catch (error) {
    if (!hasCode(error, 'store.corrupt-record') || !(error instanceof Error)) throw error;
    pass.found('record-corrupt', { ...place, detail: error.message }, 'named');
    return undefined;
  }
}
