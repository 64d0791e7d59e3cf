import { randomUUID } from 'node:crypto';

/** Results of acts, until the next page shows them: an address with the words could be made by anyone. */
export interface Notes {
  /** @returns the name of the note. */
  add(words: string): string;
  find(name: unknown): string | undefined;
}

const MOST_NOTES = 200;

export function createNotes(): Notes {
  const notes = new Map<string, string>();
  return {
    add(words) {
      const name = randomUUID();
      notes.set(name, words);
      const [oldest] = notes.keys();
      if (notes.size > MOST_NOTES && oldest !== undefined) notes.delete(oldest);
      return name;
    },
    find: (name) => (typeof name === 'string' ? notes.get(name) : undefined),
  };
}
