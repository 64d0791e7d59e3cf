import { formatUsd } from '@darkroom/contracts';
import type { FailedSends, StandingTrouble } from '@darkroom/generation-store';
import type { CommandContext, ExitCode } from '../commands/command.ts';
import { describeLastPass, describeProgress } from './describe-pass.ts';
import { describeDamaged } from './describe-damaged.ts';
import { describeReading } from './describe-reading.ts';
import { describeHeld, describePauses } from './describe-pauses.ts';
import { describeDiffering } from './caps.ts';
import { dataOfSpend, describeSpend } from './describe-spend.ts';
import type { Operations } from './open-operations.ts';
import { agoOf, timeOf } from './time-words.ts';
import { withOperations } from './with-operations.ts';

/** Shows the state of a Darkroom. @returns 3 while a person is needed. */
export const showStatus = (values: { dataDir: string | undefined }, context: CommandContext): Promise<ExitCode> =>
  withOperations(values, context, async (operations) => {
    const state = await readState(operations, Date.now());
    context.answer(dataOf(state), describeState(state));
    const { isInitialised, pauses, held, unknown, damaged } = state;
    return isInitialised && pauses.length + held.length + unknown.count + damaged.length === 0 ? 0 : 3;
  });

const readState = async ({ store, countQueues, findReading, where }: Operations, now: number) => ({
  where,
  now,
  ...(await allOf({
    isInitialised: store.isInitialised(),
    pauses: store.pauses(),
    held: store.heldWorkers(),
    trouble: store.findTrouble(),
    failing: store.findFailedSends(),
    spend: store.readSpend(),
    open: store.readOpenGenerations(),
    unknown: store.readUnknown(0),
    withheld: store.readWithheld(0),
    queues: countQueues(now),
    lastPass: store.findLastPass(),
    progress: store.findPassProgress(),
    differing: store.findDiffering(),
    reading: findReading(),
    damaged: store.listDamaged(),
  })),
});

type State = Awaited<ReturnType<typeof readState>>;

/** Waits for all values at once. */
async function allOf<Given extends Record<string, Promise<unknown>>>(
  given: Given,
): Promise<{ [Name in keyof Given]: Awaited<Given[Name]> }> {
  const values = await Promise.all(Object.values(given));
  return Object.fromEntries(Object.keys(given).map((name, at) => [name, values[at]])) as { [Name in keyof Given]: Awaited<Given[Name]> }; // in the order of the names
}

/** Returns the state as the command prints it with `--json`. */
const dataOf = (state: State) => ({
  where: state.where,
  isOpen: state.isInitialised,
  pauses: state.pauses,
  heldWorkers: state.held,
  providerTrouble: state.trouble,
  failedSends: state.failing,
  spend: state.spend.map(dataOfSpend),
  openGenerations: state.open,
  unknownOutcomes: state.unknown.count,
  withheldImages: state.withheld.count,
  queues: state.queues,
  lastPass: state.lastPass && { endedAt: state.lastPass.endedAt, outcome: state.lastPass.outcome, findings: state.lastPass.findings },
  reading: state.reading && { openedAt: state.reading.openedAt, total: state.reading.total, left: state.reading.left },
  leftOut: state.damaged.map(({ generationId, mostNanoUsd }) => ({ generationId, atMostUsd: formatUsd(mostNanoUsd) })),
});

function describeState({ now, open, trouble, failing, progress, differing, reading, ...state }: State): string[] {
  const oldest =
    open.oldest === undefined
      ? ''
      : `; the oldest was ordered ${agoOf(open.oldest.createdAt, now)}: darkroom show ${open.oldest.generationId}`;
  return [
    ...(state.isInitialised
      ? []
      : [
          'store     NOT OPEN: no worker has started here yet, or Redis lost its memory; nothing is queued or bought',
          '          what to do: start a worker, if this Darkroom is new; else npm run rebuild',
        ]),
    ...(reading === undefined ? [] : [describeReading(reading, now)]),
    ...describeDamaged(state.damaged),
    ...describePauses(state.pauses, now),
    ...describeHeld(state.held, now),
    ...(trouble === undefined ? [] : [describeTrouble(trouble, now)]),
    ...(failing === undefined || open.count === 0 ? [] : [describeFailing(failing, now)]),
    ...describeSpend(state.spend),
    ...(differing === undefined ? [] : [describeDiffering(differing)]),
    describeLastPass(state.lastPass, now),
    ...(progress === undefined ? [] : [describeProgress(progress, now)]),
    `open      ${open.count} generations${oldest}`,
    ...(state.withheld.count === 0 ? [] : [`withheld  ${state.withheld.count} images wait for a release: darkroom withheld`]),
    ...(state.unknown.count === 0 ? [] : [`unknown   ${state.unknown.count} outcomes hold their money: darkroom unknown`]),
    ...state.queues.map(({ queue, states, backlog }) => {
      const counts = Object.entries(states).filter(([, count]) => count > 0);
      const words = counts.length === 0 ? 'empty' : counts.map(([name, count]) => `${count} ${name}`).join(', ');
      return `queue     ${queue}: ${words}${backlog > 0 ? `; ${backlog} to be done now` : ''}`;
    }),
  ];
}

const withCode = ({ code }: { code?: string }): string => (code === undefined ? '' : ` (lastly ${code})`);

const describeFailing = ({ generations, since, ...last }: FailedSends, now: number): string =>
  `provider  sends of ${generations === 1 ? 'one generation' : `${generations} generations`} fail since ${timeOf(since)} (${agoOf(since, now)})${withCode(last)}, and workers send them again; \`darkroom show\` of an open one says why`;

const describeTrouble = ({ failures, since, ...last }: StandingTrouble, now: number): string =>
  `provider  IN TROUBLE since ${timeOf(since)} (${agoOf(since, now)}): the last ${failures} requests to Runware failed${withCode(last)}; one trial request goes out at a time, and buying resumes when one is answered`;
