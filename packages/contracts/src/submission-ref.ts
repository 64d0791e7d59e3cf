import { createHash } from 'node:crypto';
import { formatUuid, isGenerationId } from './generation-id.ts';

/** Names one submission: the `n`-th purchase (from 1) of image `index` (from 0) of a generation. */
export interface SubmissionRef {
  readonly generationId: string;
  readonly index: number;
  readonly n: number;
}

/**
 * Returns the Runware `taskUUID` of a submission: a pure function of the reference, so that two runs of one job, and a run after Redis
 * lost its last second, name the same purchase. It has the form of a UUID v4, which the model's page requires ("taskUUID").
 */
export function taskUuidOf({ generationId, index, n }: SubmissionRef): string {
  const name = `darkroom/submission/${generationId}/${index}/${n}`;
  const known = lately.get(name);
  if (known !== undefined) return known;
  const bytes = createHash('sha256').update(name).digest().subarray(0, 16);
  bytes[6] = 0x40 | (bytes.readUInt8(6) & 0x0f);
  bytes[8] = 0x80 | (bytes.readUInt8(8) & 0x3f);
  const taskUUID = formatUuid(bytes);
  if (lately.size >= MOST_LATELY) lately.clear();
  lately.set(name, taskUUID);
  return taskUUID;
}

/** Names that were asked for lately: the way of an image through a worker asks for the same one about fifteen times. */
const lately = new Map<string, string>();
const MOST_LATELY = 4096;

const WRITTEN_REF = /^([^/]+)\/(\d{1,2})-([1-9]\d{0,5})$/;

/** Reads the text of `formatRef`; undefined for any other text. */
export function parseRef(text: string): SubmissionRef | undefined {
  const [, generationId = '', index, n] = WRITTEN_REF.exec(text) ?? [];
  return isGenerationId(generationId) ? { generationId, index: Number(index), n: Number(n) } : undefined;
}

/** Writes `<generationId>/<index>-<n>`, for logs and messages. */
export const formatRef = ({ generationId, index, n }: SubmissionRef): string => `${generationId}/${index}-${n}`;
