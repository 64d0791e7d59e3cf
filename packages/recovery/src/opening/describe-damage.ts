import { defined, generationIdTime, knownModels, type ListedRecord } from '@darkroom/contracts';
import type { NewDamage, ReadingStore } from '@darkroom/generation-store';
import { groupBySubmission } from '../generation-records.ts';
import { dateOf } from '../listings.ts';
import type { RecoveryArchive } from '../ports.ts';
import type { Damage } from '../restore-forgotten.ts';

/**
 * Reads the readable parts of a generation with damaged records. Each submission that its records name may have been bought, at the highest
 * price of any request, or at a higher one that an intent holds. Its idempotency key follows from any of its intents, also from one of a later
 * version. Without an intent nothing tells the key: a second enqueue with that key and another id is then a new generation
 * (docs/guarantees.md, "Not promised").
 * @throws StorageError storage.unavailable
 */
async function describeDamage(
  archive: Pick<RecoveryArchive, 'salvageIntent'>,
  { generationId, error }: Damage,
  listed: readonly ListedRecord[],
): Promise<NewDamage> {
  let [mostNanoUsd, caller, retry]: [number, NewDamage['caller'], NewDamage['retry']] = [knownModels.mostNanoUsd, undefined, undefined];
  for (const { kind, round, ...ref } of listed) {
    const salvaged = kind === 'intent' ? await archive.salvageIntent(ref, round) : undefined;
    if (salvaged === undefined) continue;
    const { tenant, idempotencyKeyHash, amountNanoUsd = 0, retryOf, replaces, createdAt } = salvaged;
    caller ??= defined({ tenant, idempotencyKeyHash });
    if (retryOf !== undefined && replaces !== undefined && createdAt !== undefined) retry ??= { retryOf, replaces, createdAt };
    mostNanoUsd = Math.max(mostNanoUsd, amountNanoUsd);
  }
  const { key } = error.details;
  return {
    generationId,
    key: typeof key === 'string' ? key : `records/${dateOf(generationIdTime(generationId))}/${generationId}/`,
    mostNanoUsd: mostNanoUsd * Math.max(1, groupBySubmission(listed).length),
    ...defined({ caller, retry }),
  };
}

/**
 * Notes that a generation is left out of the store because its records are damaged.
 * @param id The rebuild that has found it.
 * @returns "noted" to the first caller; "gone" if this rebuild no longer reads in this Redis.
 */
export const noteDamaged = async (
  { archive, store }: { archive: RecoveryArchive; store: Pick<ReadingStore, 'noteDamaged'> },
  id: string,
  damage: Damage,
  listed?: readonly ListedRecord[],
): Promise<'noted' | 'known' | 'gone'> =>
  store.noteDamaged(id, await describeDamage(archive, damage, listed ?? (await archive.listRecordsOf(damage.generationId))));
