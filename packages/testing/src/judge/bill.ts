import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const base = { at: z.int(), taskUUID: z.string() };
const imageSchema = z.object({ sha256: z.string(), imageUUID: z.string().optional(), seed: z.int().optional() });
/** The lines of the emulator's bill that the judge needs. */
const billLineSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('submission'), ...base, receipt: z.int() }),
  z.object({ kind: z.literal('acceptance'), ...base, receipt: z.int(), run: z.int() }),
  z.object({ kind: z.literal('refusal'), ...base, receipt: z.int(), httpStatus: z.int(), code: z.string() }),
  z.object({ kind: z.literal('execution'), ...base, run: z.int(), costUsd: z.string(), images: z.array(imageSchema) }),
  z.object({ kind: z.literal('failure'), ...base, run: z.int(), costUsd: z.string(), code: z.string() }),
]);
export type BillLine = z.infer<typeof billLineSchema>;
export type BilledImage = z.infer<typeof imageSchema>;

/** Lines that do not concern purchases, by name: an unknown kind may be about money. */
const unjudgedSchema = z.object({ kind: z.enum(['upload']) });

/**
 * Reads the bill. It ignores a torn last line, which a killed provider leaves.
 * @throws Error for every other unreadable line: a judge that skips what it does not understand acquits.
 */
export async function readBill(file: string): Promise<BillLine[]> {
  const text = await readFile(file, 'utf8');
  return text
    .split('\n')
    .slice(0, -1)
    .flatMap((line, at) => {
      const value = parseJson(line);
      if (unjudgedSchema.safeParse(value).success) return [];
      const parsed = billLineSchema.safeParse(value);
      if (parsed.success) return [parsed.data];
      throw new Error(`line ${at + 1} of the bill cannot be read: ${line.slice(0, 200)}`, { cause: parsed.error });
    });
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
