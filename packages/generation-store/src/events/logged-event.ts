import { earlierOrigin } from '@darkroom/contracts';
import { z } from 'zod';

const entrySchema = z.object({
  event: z.string(),
  id: z.string(),
  tenant: z.string(),
  provider: z.string().default(earlierOrigin.provider),
  model: z.string().default(earlierOrigin.model),
  at: z.coerce.number().int(),
  revision: z.coerce.number().optional(),
  traceparent: z.string().optional(),
  index: z.coerce.number().optional(),
  n: z.coerce.number().optional(),
});

/** An event as the stream holds it, with its place there. */
export interface LoggedEvent extends z.infer<typeof entrySchema> {
  place: string;
  /** True for a row that is damaged: its fields tell nothing. Readers pass it by, so that it stops no other. */
  isUnreadable?: true;
  /** Fields and values of a damaged row, as they lie there. */
  raw?: readonly string[];
}

/** A row of the stream; without fields it was trimmed after it was handed out. */
const rowSchema = z.tuple([z.string(), z.array(z.string()).nullable()]);
export const rowsSchema = z.array(rowSchema);
/** The reply of XREAD and XREADGROUP. */
export const readSchema = z.array(z.tuple([z.string(), rowsSchema])).nullable();

/** Parses the fields of a row. A damaged one is an event of no kind. */
export function parseLoggedEvent(place: string, flat: readonly string[]): LoggedEvent {
  const fields = Object.fromEntries(Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at], flat[2 * at + 1]]));
  const { data } = entrySchema.safeParse(fields);
  return data === undefined ? { place, ...unreadable, raw: flat } : { place, ...data };
}

const unreadable = { event: '', id: '', tenant: '', provider: '', model: '', at: 0, isUnreadable: true } as const;

/** Returns true if one place lies before another. */
export function isPlaceBefore(one: string, other: string): boolean {
  const [[oneMs = 0, oneSeq = 0], [otherMs = 0, otherSeq = 0]] = [one, other].map((place) => place.split('-').map(Number)) as [
    number[],
    number[],
  ];
  return oneMs - otherMs < 0 || (oneMs === otherMs && oneSeq < otherSeq);
}
