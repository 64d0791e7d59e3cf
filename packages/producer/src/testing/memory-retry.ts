import { isFinalGeneration, type ImageView, type RetryRefusal } from '@darkroom/contracts';
import type { NewRetry, RetryReply } from '@darkroom/generation-store';
import type { Entry } from './memory-entry.ts';

/** An attempt at an image: an image of the original or of a retry. */
interface Attempt {
  id: string;
  index: number;
}

/** The attempts at the images of all generations, as the store keeps them. */
export interface MemoryRetries {
  /** Decides as the script of a retry does. @returns undefined if the retry may be made. */
  decide(retry: NewRetry, entries: ReadonlyMap<string, Entry>): RetryReply | undefined;
  /** Notes a retry that was made. */
  note(retry: NewRetry): void;
  /** Names the retries of a generation. */
  idsOf(root: string): string[];
}

export function createMemoryRetries(): MemoryRetries {
  const retriesOf = new Map<string, Attempt[]>();
  const attemptsAt = (root: string, index: number): Attempt[] => [{ id: root, index }, ...(retriesOf.get(`${root}/${index}`) ?? [])];
  return {
    decide(retry, entries) {
      const { generationId, of, isAll, indexes, replaces, retryOf, payAgainReason } = retry;
      const old = entries.get(of);
      if (old === undefined) return { kind: 'not-found', unreadable: of };
      const askedAt = entries.get(retryOf)?.erased?.requestedAt;
      if (askedAt !== undefined) return { kind: 'erased', id: retryOf, at: askedAt };
      const present = entries.get(generationId)?.generation;
      if (present !== undefined && present.tenant !== retry.tenant) return { kind: 'not-free', id: generationId };
      if (present !== undefined) {
        const isSame = present.tenant === retry.tenant && present.retryOf === retryOf && present.replaces?.join() === replaces.join();
        return { kind: isSame ? 'exists' : 'conflict', id: generationId };
      }
      const missing = old.images.filter(({ status }) => status !== 'succeeded').map(({ index }) => index);
      if (isAll && missing.length > 0 && missing.join() !== indexes.join()) return { kind: 'changed' };
      const refused: Extract<RetryReply, { kind: 'refused' }>['images'] = [];
      let answer: string | undefined;
      for (const [place, at] of replaces.entries()) {
        const attempts = attemptsAt(retryOf, at);
        const newest = attempts.at(-1) ?? { id: retryOf, index: at };
        const reasons = attempts.flatMap(({ id, index }) => {
          const code = refusalOf(entries.get(id), index, payAgainReason !== undefined);
          return code === undefined ? [] : [{ id, code }];
        });
        const [worst] = reasons.toSorted((one, other) => orderOf(one.code) - orderOf(other.code));
        if (worst === undefined) continue;
        if (newest.id !== of && entries.get(newest.id)?.generation.replaces?.join() === replaces.join()) answer = newest.id;
        const ofNewest = reasons.find(({ id }) => id === newest.id)?.code;
        const isTaken = newest.id !== of && (ofNewest === 'retry.in-progress' || ofNewest === 'retry.already-succeeded');
        refused.push({
          index: indexes[place] ?? at,
          code: isTaken ? 'retry.already-retried' : worst.code,
          id: isTaken ? newest.id : worst.id,
        });
      }
      if (answer !== undefined) return { kind: 'replayed', id: answer };
      return refused.length === 0 ? undefined : { kind: 'refused', images: refused };
    },
    idsOf: (root) => [
      ...new Set([...retriesOf].flatMap(([name, attempts]) => (name.startsWith(`${root}/`) ? attempts.map(({ id }) => id) : []))),
    ],
    note({ generationId, retryOf, replaces }) {
      for (const [index, at] of replaces.entries()) {
        const name = `${retryOf}/${at}`;
        retriesOf.set(name, [...(retriesOf.get(name) ?? []), { id: generationId, index }]);
      }
    },
  };
}

const order: readonly RetryRefusal[] = ['retry.already-succeeded', 'retry.in-progress', 'retry.lost-image', 'retry.unknown-outcome'];
const orderOf = (code: RetryRefusal): number => order.indexOf(code);

/** Returns why an attempt forbids another one. */
function refusalOf(entry: Entry | undefined, index: number, mayPayAgain: boolean): RetryRefusal | undefined {
  const image = entry?.images[index];
  return entry === undefined || image === undefined ? undefined : codeOf(entry, image, mayPayAgain);
}

function codeOf({ status }: Entry, image: ImageView, mayPayAgain: boolean): RetryRefusal | undefined {
  switch (image.status) {
    case 'succeeded':
      return 'retry.already-succeeded';
    case 'open':
      return isFinalGeneration(status) && image.submissionStatus === 'planned' ? undefined : 'retry.in-progress';
    case 'lost':
      return mayPayAgain ? undefined : 'retry.lost-image';
    case 'unknown':
      return mayPayAgain ? undefined : 'retry.unknown-outcome';
    case 'failed':
      return undefined;
    default:
      return image.status satisfies never;
  }
}
