import { defined, type GenerationStatus } from '@darkroom/contracts';
import type { Evidence } from '../judge/evidence.ts';
import type { FaultRunOutcome } from './fault-run.ts';
import { countCapStops } from '../judge/cap-stops.ts';
import { decidingOf, type DecidingFigures } from '../judge/five-figures.ts';
import type { Judgement } from '../judge/judge.ts';
import { countImages, percent, whyNoProof } from '../judge/proof.ts';
import { countFactSources, countRoads, roadNames } from '../judge/roads.ts';
import { doubtsOfDamage } from './damage.ts';
import { whatDidNotStrike } from './struck.ts';
import { hiddenImagesOf } from '../judge/withheld.ts';
import { tasksOf } from '../judge/billed-tasks.ts';
import type { FaultRunSettings } from './settings.ts';

/** The line of JSON at the end of a run. */
export interface RunFigures extends DecidingFigures {
  /** True for a proof: most images took the main road, almost none is unproven, and every planned fault struck (docs/proof.md). */
  isProof: boolean;
  [other: string]: unknown;
}

/** Returns the figures of a run. */
export function figuresOf({ seed, scenario }: FaultRunSettings, outcome: FaultRunOutcome): RunFigures {
  const { judgement, promised, evidence, counts, wrongClocks, events, comebacks, damage, seconds } = outcome;
  const { eventConsumerKills, notificationAttempts, retries, erasures, full } = outcome;
  const images = countImages(evidence);
  const { counts: roads, mainShare } = countRoads(evidence);
  const made = Object.values(roads).reduce((sum, count) => sum + count, 0);
  return {
    ...decidingOf(judgement),
    ...defined({ promised }),
    paidAgain: judgement.paidAgain.length,
    retries,
    erasures,
    erasedImages: countErasedImages(evidence),
    queueFull: full,
    withheld: countWithheld(evidence),
    // A retry is an order of its own; `retries` counts it.
    generations: evidence.orders.filter(({ retryOf }) => retryOf === undefined).length,
    byHttp: evidence.orders.filter(({ isByHttp }) => isByHttp === true).length,
    capRefusals: evidence.orders.filter((order) => order.outcome === 'refused').length,
    capStops: countCapStops(evidence),
    unproven: judgement.unproven.length,
    unprovenShare: percent((judgement.unproven.length - judgement.blocked.length) / Math.max(1, images)),
    blocked: judgement.blocked.length,
    poisoned: evidence.orders.filter(({ isPoisoned }) => isPoisoned === true).length,
    ...countStatuses(evidence),
    images,
    executions: evidence.bill.filter(({ kind }) => kind === 'execution').length,
    roads,
    roadShares: Object.fromEntries(roadNames.map((road) => [road, percent(roads[road] / Math.max(1, made))])),
    factsFrom: countFactSources(evidence),
    mainRoadShare: Number(mainShare.toFixed(4)),
    ends: countEnds(evidence),
    isProof: doubtsOf(outcome).length === 0,
    events,
    eventsHandled: evidence.events?.size ?? 0,
    eventConsumerKills,
    notificationsTaken: evidence.notifications?.size ?? 0,
    notificationAttempts,
    comebacks,
    ...counts,
    wrongClocks,
    ...defined({ damage, scenario }),
    seed,
    seconds,
  };
}

/** Returns the reasons why a run is not a proof, apart from its findings; empty for a proof. */
export const doubtsOf = ({
  judgement,
  evidence,
  schedule,
  counts,
  wrongClocks,
  capUsd,
  rollback,
  comebacks,
  damage,
  eventConsumerKills,
  erasures,
  full,
}: FaultRunOutcome): string[] => [
  ...counts.crashed.map((name) => `${name} ended by itself`),
  ...(full.openImages + full.openImagesPerTenant === 0 ? ['no bound on open images refused an order'] : []),
  ...(countWithheld(evidence).released === 0 ? ['no withheld image was released'] : []),
  ...(erasures.asked > 0 && erasures.erased === 0 ? ['no caller was told that something is erased'] : []),
  ...whyNoProof(evidence, judgement.unproven.length - judgement.blocked.length),
  ...whatDidNotStrike({
    schedule,
    counts,
    wrongClocks,
    ...(rollback === undefined
      ? {}
      : { wentBack: { plannedMs: rollback.lostMs + (rollback.idleMs ?? 0), oldestCheckpointMs: comebacks.oldestCheckpointMs } }),
    ...(capUsd !== undefined && { capStops: countCapStops(evidence) }),
  }),
  ...(evidence.events === undefined || eventConsumerKills === 0 ? ['no consumer of the events was killed'] : []),
  ...(evidence.orders.every(({ isByHttp }) => isByHttp !== true) ? ['no order came by HTTP'] : []),
  ...(evidence.notifications === undefined || evidence.notifications.size === 0 ? ['no receiver was told of anything'] : []),
  ...(damage === undefined ? [] : doubtsOfDamage(damage, setbacksOf(counts))),
];

/** Strikes after which a pass may name again what another one named. */
const setbacksOf = ({ struck, crashed }: FaultRunOutcome['counts']): number =>
  Object.values(struck).reduce((sum, count) => sum + count, crashed.length);

function countStatuses({ generations }: Evidence): Record<GenerationStatus, number> {
  const counts = { queued: 0, running: 0, succeeded: 0, partial: 0, failed: 0, cancelled: 0, expired: 0 };
  for (const generation of Object.values(generations)) if (generation !== null) counts[generation.status] += 1;
  return counts;
}

/** Counts the images that the provider made for generations with a tombstone. */
function countErasedImages({ results, erased }: Evidence): number {
  return [...results.values()].filter(({ status, generationId }) => status === 'succeeded' && erased.has(generationId)).length;
}

/** Counts the images that were flagged and withheld, and those of them that were released. */
function countWithheld({ orders, bill, released }: Evidence): { images: number; released: number } {
  const hidden = hiddenImagesOf(orders, tasksOf(bill));
  return { images: hidden.length, released: hidden.filter(({ name }) => released.has(name)).length };
}

/** Counts the ends of submissions by the records in S3. */
function countEnds({ results }: Evidence): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of results.values()) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** Formats the figures as a table. */
export function formatTable(figures: RunFigures): string {
  const rows = Object.entries(figures).map(([name, value]): [string, string] => [
    name,
    Array.isArray(value)
      ? value.join(', ') || 'none'
      : typeof value === 'object' && value !== null
        ? Object.entries(value)
            .map(([key, count]) => `${key} ${String(count)}`)
            .join(', ')
        : String(value),
  ]);
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join('\n');
}

/** Formats the findings, and names the folder in which to look for their causes. */
export function formatFindings(judgement: Judgement, directory: string): string {
  const { lost, paidTwice, stuck, failedWrongly, viewDifferences, costDifferences, capsCrossed } = judgement;
  const { eventsLost, notificationsLost, erasedLeft, withheldShown } = judgement;
  const differences = { viewDifferences, costDifferences };
  const named = {
    lost,
    paidTwice,
    stuck,
    failedWrongly,
    ...differences,
    capsCrossed,
    eventsLost,
    notificationsLost,
    erasedLeft,
    withheldShown,
  };
  const sections = Object.entries(named)
    .filter(([, lines]) => lines.length > 0)
    .map(([name, lines]) => `${name}:\n${lines.map((line) => `  ${line}\n`).join('')}`);
  return `${sections.join('')}logs, bill, bucket and records are in ${directory}`;
}
