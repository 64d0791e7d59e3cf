import { ConfigError } from '@darkroom/contracts';
import { z } from 'zod';

const json = z.json();
const headers = z.record(z.string(), z.string());
const body = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('json'), value: json }),
  z.object({ kind: z.literal('unreadable'), reason: z.enum(['not JSON', 'too large', 'cut off']) }),
  /** An image; its bytes are not kept. */
  z.object({ kind: z.literal('bytes'), sizeBytes: z.int().min(0) }),
  z.object({ kind: z.literal('none') }),
]);

const sent = z.object({
  /** The provider sends webhooks and uploads, Darkroom everything else. */
  from: z.enum(['darkroom', 'provider']),
  method: z.string(),
  /** Path without the query. */
  path: z.string(),
  headers,
  body,
});
const answer = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('answered'), status: z.int(), headers, body }),
  /** The connection was not made. */
  z.object({ kind: z.literal('not-sent'), code: z.string() }),
  /** The request may have arrived; no answer came. */
  z.object({ kind: z.literal('interrupted'), code: z.string() }),
]);
const exchange = z.object({
  /** Numbers of the rows in docs/runware.md that the step asks about. */
  questions: z.array(z.int()),
  step: z.string(),
  startedAt: z.iso.datetime(),
  tookMs: z.int().min(0),
  request: sent,
  answer,
  /** Our parsers' reading of the answer, or of the request if the provider sent it. */
  meaning: json,
});

const transcriptSchema = z.object({
  version: z.literal(1),
  date: z.iso.datetime(),
  /** Host and port of the provider's URL. */
  provider: z.string(),
  darkroom: z.string(),
  /** True if every step ran. An incomplete transcript still holds findings that cost money. */
  isWhole: z.boolean(),
  /** Switches under which the emulator answers in the same way; written by hand, none if absent. */
  switches: z.record(z.string(), json).optional(),
  exchanges: z.array(exchange),
});

/** Every exchange between a probe and the provider, without secrets, prompts and images. */
export type Transcript = z.infer<typeof transcriptSchema>;
export type RecordedExchange = Transcript['exchanges'][number];
export type RecordedBody = z.infer<typeof body>;
export type RecordedRequest = z.infer<typeof sent>;
export type RecordedAnswer = z.infer<typeof answer>;
/** Any value that JSON can hold. */
export type Json = z.infer<typeof json>;

/** Returns true for Runware's own host: a provider on this machine is an emulator, any other host may be a proxy. */
export const isFromRunware = ({ provider }: Transcript): boolean => /^([\w-]+\.)?runware\.ai$/.test(provider);

/**
 * Reads the file of a probe.
 * @param name Name of the file in an error.
 * @throws ConfigError for a file that is empty, truncated, or no transcript.
 */
export function parseTranscript(text: string, name: string): Transcript {
  const unreadable = (message: string): ConfigError => new ConfigError([{ path: name, message }]);
  if (text.trim() === '') throw unreadable('must be a transcript of a probe: the file is empty');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unreadable('must be a transcript of a probe: the file is not JSON, or is truncated');
  }
  const { data, error } = transcriptSchema.safeParse(value);
  if (data !== undefined) return data;
  const [issue] = error.issues;
  throw unreadable(`must be a transcript of a probe: ${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'is wrong'}`);
}
