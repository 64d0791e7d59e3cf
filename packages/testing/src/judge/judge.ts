import { formatUsd, isFinalGeneration, parseUsd, taskUuidOf, type NanoUsd } from '@darkroom/contracts';
import { hasEnded, MAX_SUBMISSIONS, namesOf, taskIdsOf, tasksOf, type Task } from './billed-tasks.ts';
import type { Evidence, GenerationRecord, OrderRecord } from './evidence.ts';

/** Each of these must be empty or 0. A line names what it is about, so that its cause can be looked for in the logs. */
export interface Judgement {
  /** Billed executions whose served bytes are under no key of `images/` or `quarantine/`. */
  lost: string[];
  /** Executions beyond one for each submission, and submissions sent without a terminal verdict on their predecessor. */
  paidTwice: string[];
  /** Not final within the stated time after the faults stopped. */
  stuck: string[];
  /** Failed, expired, lost or unknown although the bill holds a good image or the provider never refused. */
  failedWrongly: string[];
  /**
   * Ledger minus bill, holds that only an operator can release left out; when these agree, by how much the recorded costs of
   * submissions differ from the billed ones.
   */
  ledgerDifferenceNanoUsd: NanoUsd;
  /** Submissions that are recorded to have cost something else than was billed for them. */
  costDifferences: string[];
}

/** Judges a run by its evidence alone. */
export function judge(evidence: Evidence): Judgement {
  const tasks = tasksOf(evidence.bill);
  const names = namesOf(evidence.orders);
  const nameOf = (taskUUID: string): string => names.get(taskUUID) ?? `task ${taskUUID}, which nobody ordered`;
  const costDifferences = findCostDifferences(evidence, tasks);
  const billed = [...tasks.values()].reduce((sum, { billedNanoUsd }) => sum + billedNanoUsd, 0);
  const { settledNanoUsd, heldNanoUsd } = evidence.ledger;
  const ledgerDifference = settledNanoUsd + heldNanoUsd - holdsOfUnproven(evidence, tasks) - billed;
  return {
    lost: findLost(evidence, nameOf),
    paidTwice: [
      ...findRepeatedExecutions(tasks, names, nameOf),
      ...findEarlySubmissions(evidence.orders, tasks),
      ...findRepeatedOrders(evidence.orders, tasks),
    ],
    stuck: evidence.orders.flatMap((order) => findStuck(order, evidence, tasks)),
    failedWrongly: evidence.orders.flatMap((order) => findFailedWrongly(order, evidence, tasks)),
    ledgerDifferenceNanoUsd:
      ledgerDifference === 0 ? costDifferences.reduce((sum, { nanoUsd }) => sum + Math.abs(nanoUsd), 0) : ledgerDifference,
    costDifferences: costDifferences.map(
      ({ taskUUID, nanoUsd }) => `${nameOf(taskUUID)}: recorded ${formatUsd(nanoUsd)} USD more than billed`,
    ),
  };
}

const findLost = ({ bill, keptSha256 }: Evidence, nameOf: (taskUUID: string) => string): string[] =>
  bill.flatMap((line) =>
    line.kind === 'execution' && !line.images.every(({ sha256 }) => keptSha256.has(sha256))
      ? [`${nameOf(line.taskUUID)}, run ${line.run}`]
      : [],
  );

/** More than one execution of a submission; one execution is already too much of what nobody ordered. */
const findRepeatedExecutions = (
  tasks: ReadonlyMap<string, Task>,
  names: ReadonlyMap<string, string>,
  nameOf: (taskUUID: string) => string,
): string[] =>
  [...tasks].flatMap(([taskUUID, { executions }]) =>
    executions.slice(names.has(taskUUID) ? 1 : 0).map(({ run }) => `${nameOf(taskUUID)}: execution ${run}`),
  );

/** Submissions that were sent before the one before them had ended for good by the bill. */
function findEarlySubmissions(orders: readonly OrderRecord[], tasks: ReadonlyMap<string, Task>): string[] {
  const found: string[] = [];
  for (const { ids, images } of orders) {
    for (const generationId of ids) {
      for (let index = 0; index < images; index += 1) {
        for (let n = 2; n <= MAX_SUBMISSIONS; n += 1) {
          const sentAt = tasks.get(taskUuidOf({ generationId, index, n }))?.receipts[0]?.at;
          const before = tasks.get(taskUuidOf({ generationId, index, n: n - 1 }));
          if (sentAt !== undefined && (before === undefined || !hasEnded(before, sentAt)))
            found.push(`${generationId}/${index}-${n}: no terminal verdict on ${index}-${n - 1}`);
        }
      }
    }
  }
  return found;
}

/** One idempotency key bought as several generations. */
const findRepeatedOrders = (orders: readonly OrderRecord[], tasks: ReadonlyMap<string, Task>): string[] =>
  orders.flatMap(({ ids, images }) => {
    const bought = ids.filter((generationId) => taskIdsOf(generationId, images).some((id) => (tasks.get(id)?.executions.length ?? 0) > 0));
    return bought.slice(1).map((id) => `${id}: bought although ${bought[0] ?? ''} has the same idempotency key`);
  });

const isLive = (submissionStatus: string): boolean => ['planned', 'committed', 'accepted'].includes(submissionStatus);

/**
 * Whether a submission of the image may have been sent, is not known to the provider, and its generation was cancelled or expired:
 * it is not sent again, and looked for until the horizon; its money stays on hold until an operator decides (I7). An open
 * generation sends it again instead.
 */
const isUnproven = (
  id: string,
  { status }: GenerationRecord,
  image: GenerationRecord['images'][number],
  tasks: ReadonlyMap<string, Task>,
): boolean =>
  (status === 'cancelled' || status === 'expired') &&
  (image.submissionStatus === 'committed' || image.submissionStatus === 'unknown') &&
  (tasks.get(taskUuidOf({ generationId: id, index: image.index, n: image.submissions }))?.acceptances.length ?? 0) === 0;

const holdsOfUnproven = ({ generations }: Evidence, tasks: ReadonlyMap<string, Task>): NanoUsd =>
  Object.entries(generations).reduce(
    (sum, [id, generation]) =>
      generation?.images.some((image) => isUnproven(id, generation, image, tasks)) === true ? sum + parseUsd(generation.reservedUsd) : sum,
    0,
  );

function findStuck(
  { ids, outcome, surprise }: OrderRecord,
  { generations, recorded }: Evidence,
  tasks: ReadonlyMap<string, Task>,
): string[] {
  const name = ids.join(' ');
  if (surprise !== undefined) return [`${name}: its caller was told "${surprise}"`];
  if (outcome === 'open') return [`${name}: its caller was never told that it is over`];
  return ids.flatMap((id) => {
    const generation = generations[id] ?? undefined;
    // Nothing of it was bought, so that a Redis which forgot it owes nothing: its caller was told, or gave it up.
    if (generation === undefined) return recorded.has(id) ? [`${id}: S3 remembers it and Redis does not`] : [];
    if (!isFinalGeneration(generation.status)) return [`${id}: is ${generation.status}`];
    const live = generation.images.filter((image) => isLive(image.submissionStatus) && !isUnproven(id, generation, image, tasks));
    return live.map(
      ({ index, submissionStatus }) => `${id}: is ${generation.status}, and the submission of image ${index} is ${submissionStatus}`,
    );
  });
}

/** Looks at each image: the generation is the fold of them, and a late image amends it. */
function findFailedWrongly(order: OrderRecord, { generations }: Evidence, tasks: ReadonlyMap<string, Task>): string[] {
  return order.ids.flatMap((id) => {
    const generation = generations[id] ?? undefined;
    if (generation === undefined) return [];
    const hasExcuse = wasAskedToEnd(order, generation);
    return generation.images.flatMap(({ index, status }) => {
      if (status === 'succeeded' || status === 'open') return [];
      const image = taskIdsOf(id, order.images, index).flatMap((taskUUID) => tasks.get(taskUUID) ?? []);
      if (image.some(({ executions }) => executions.length > 0)) return [`${id}: image ${index} is ${status}, and the bill holds it`];
      const wasRefused = image.some((task) => hasEnded(task, Infinity));
      return wasRefused || hasExcuse
        ? []
        : [`${id}: image ${index} is ${status} (${generation.status}), and the provider never refused it`];
    });
  });
}

/** Whether its caller wanted it to end: by a cancel, or by a deadline that had passed when it ended. */
const wasAskedToEnd = ({ cancelledAt, deadlineAt }: OrderRecord, { status, finishedAt = 0 }: GenerationRecord): boolean =>
  (status === 'cancelled' && cancelledAt !== undefined) || (status === 'expired' && deadlineAt !== undefined && finishedAt >= deadlineAt);

function findCostDifferences({ results }: Evidence, tasks: ReadonlyMap<string, Task>): { taskUUID: string; nanoUsd: NanoUsd }[] {
  return [...new Set([...results.keys(), ...tasks.keys()])]
    .map((taskUUID) => ({
      taskUUID,
      nanoUsd: (results.get(taskUUID)?.costNanoUsd ?? 0) - (tasks.get(taskUUID)?.billedNanoUsd ?? 0),
    }))
    .filter(({ nanoUsd }) => nanoUsd !== 0);
}
