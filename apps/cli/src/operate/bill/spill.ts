import { createReadStream } from 'node:fs';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Parts of a spill: of a million lines each has four thousand, which fit into memory. */
const PARTS = 256;
/** Text that is kept of a part before it is written. */
const KEPT_CHARACTERS = 16_384;

/** Lines on disk, in parts by the task that they are about, so that two sets of any size can be compared part by part. */
export interface Spill {
  add(taskUUID: string, line: string): Promise<void>;
  /** Reads the lines of one part; nothing may be added after. */
  read(part: number): AsyncIterable<string>;
  remove(): Promise<void>;
}

export const parts = Array.from({ length: PARTS }, (_, part) => part);

/** By the last digits: ids of other programs may begin with the time. */
const partOf = (taskUUID: string): number => (Number.parseInt(taskUUID.slice(-2), 16) || 0) % PARTS;

/** Creates an empty spill in a folder of its own. */
export async function createSpill(): Promise<Spill> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-bill-'));
  const kept = parts.map(() => '');
  const fileOf = (part: number): string => join(folder, `${part}.txt`);
  const write = async (part: number): Promise<void> => {
    const text = kept[part] ?? '';
    kept[part] = '';
    await appendFile(fileOf(part), text, { mode: 0o600 });
  };
  return {
    async add(taskUUID, line) {
      const part = partOf(taskUUID);
      kept[part] += `${line}\n`;
      if ((kept[part]?.length ?? 0) > KEPT_CHARACTERS) await write(part);
    },
    async *read(part) {
      await write(part);
      yield* createInterface({ input: createReadStream(fileOf(part), 'utf8') });
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
