import type { SubmissionResult } from '@darkroom/contracts';
import type { BilledImage } from './bill.ts';
import { nameOfTask, taskIdsOf, type OrderedTasks, type Tasks } from './billed-tasks.ts';
import { taskOfImageKey } from './bucket.ts';
import type { Evidence, GenerationRecord } from './evidence.ts';

/**
 * Finds executions whose bytes are not in their place, and successful images without proof. The proof is an execution on the bill, its
 * bytes under the key of that submission, a record that names them, and the same key in Redis, from which the caller gets the image.
 * Returns one line for each image.
 */
export function findLost(evidence: Evidence, tasks: Tasks, ordered: OrderedTasks): string[] {
  const executions = evidence.bill.filter((line) => line.kind === 'execution');
  const lost = executions.filter(({ taskUUID, images }) => !images.every(({ sha256 }) => isKept(evidence, taskUUID, sha256)));
  const named = new Set(lost.map(({ taskUUID }) => taskUUID));
  const lines = lost.map(({ taskUUID, run }) => `${nameOfTask(ordered, taskUUID)}, run ${run}`);

  for (const { ids, images } of evidence.orders) {
    for (const generationId of ids) {
      const generation = evidence.generations[generationId] ?? undefined;
      for (let index = 0; generation !== undefined && index < images; index += 1) {
        const image = generation.images.find((each) => each.index === index);
        const tasksOfImage = taskIdsOf(generationId, images, index);
        if ((generation.status !== 'succeeded' && image?.status !== 'succeeded') || tasksOfImage.some((id) => named.has(id))) continue;
        const why = whyNotServed(evidence, tasks, tasksOfImage, image);
        if (why === undefined) continue;
        lines.push(`${generationId}: image ${index} is said to have succeeded, and ${why}`);
        for (const taskUUID of tasksOfImage) named.add(taskUUID);
      }
    }
  }
  for (const [taskUUID, { status }] of evidence.results) {
    const why = status === 'succeeded' && !named.has(taskUUID) ? whyNoImage(evidence, tasks, taskUUID) : undefined;
    if (why !== undefined) lines.push(`${nameOfTask(ordered, taskUUID)} is recorded to have succeeded, and ${why}`);
  }
  return lines;
}

/** Returns true if the bytes lie under the key of their submission; in quarantine only if its end says so. */
function isKept({ images, quarantined, results, erased }: Evidence, taskUUID: string, sha256: string): boolean {
  if (images.get(taskUUID)?.has(sha256) === true) return true;
  const { status: end, generationId = '' } = results.get(taskUUID) ?? {};
  // Its owner erased it: it was booked, and is not kept.
  if (erased.has(generationId) && end !== undefined) return true;
  return (end === 'lost' || end === 'unknown') && quarantined.get(taskUUID)?.has(sha256) === true;
}

/** Returns why a caller does not get the image that was bought for it. */
function whyNotServed(
  evidence: Evidence,
  tasks: Tasks,
  tasksOfImage: readonly string[],
  image: GenerationRecord['images'][number] | undefined,
): string | undefined {
  const { key, sha256 } = image?.image ?? {};
  const whys = tasksOfImage.flatMap((id) => (evidence.results.get(id)?.status === 'succeeded' ? [whyNoImage(evidence, tasks, id)] : []));
  const [why] = whys;
  const served = tasksOfImage.find((id) => key !== undefined && taskOfImageKey(key) === id);
  if (image?.status !== 'succeeded') return 'Redis does not say so for the image itself';
  // A withheld image is paid and kept, and its caller gets no key.
  if (image.withheld === true) return whys.length === 0 ? 'no record says so' : whys.find((each) => each !== undefined);
  if (served === undefined) return why ?? 'Redis names no key of it';
  return (
    whyNoImage(evidence, tasks, served) ?? (evidence.results.get(served)?.image?.sha256 === sha256 ? undefined : 'Redis names other bytes')
  );
}

/** Returns why a submission has not succeeded; undefined if it has. */
function whyNoImage({ images, results, erased }: Evidence, tasks: Tasks, taskUUID: string): string | undefined {
  const result = results.get(taskUUID);
  if (result?.status !== 'succeeded') return 'no record says so';
  const billed = (tasks.get(taskUUID)?.executions ?? []).flatMap((line) => line.images);
  if (billed.length === 0) return 'the bill holds no execution of it';
  if (erased.has(result.generationId)) return undefined;
  const kept = billed.filter(({ sha256 }) => images.get(taskUUID)?.has(sha256) === true);
  if (kept.length === 0) return 'the billed bytes do not lie under its key';
  const { key, sha256 } = result.image ?? { key: '', sha256: '' };
  if (taskOfImageKey(key) !== taskUUID) return 'its record names another key';
  const made = kept.find((image) => image.sha256 === sha256);
  return made === undefined ? 'its record names other bytes' : whyOtherFacts(result, made);
}

/** Returns the facts in a record that differ from the bill, whether a delivery or the provider's answer gave them. */
function whyOtherFacts({ imageUUID, seed, factsFrom }: SubmissionResult, made: BilledImage): string | undefined {
  const isOther = (told: unknown, billed: unknown): boolean => told !== undefined && billed !== undefined && told !== billed;
  const other = isOther(seed, made.seed) ? 'seed' : isOther(imageUUID, made.imageUUID) ? 'imageUUID' : undefined;
  return other === undefined ? undefined : `its record names another ${other} than the bill, from the ${factsFrom ?? 'provider'}`;
}
