import type { StandingTrouble } from '@darkroom/generation-store';
import type { Command } from '../command-line.ts';
import type { Terminal } from '../terminal.ts';
import { describeLastPass, describeProgress } from './describe-pass.ts';
import { describeDamaged } from './describe-damaged.ts';
import { describeReading } from './describe-reading.ts';
import { describeHeld, describePauses } from './describe-pauses.ts';
import { describeDiffering, showOrChangeCaps } from './caps.ts';
import { showOrChangeLimits } from './limits.ts';
import { pauseBuying, resumeBuying } from './pause.ts';
import { releaseWithheld } from './release.ts';
import { showOrChangeTenant } from './tenant.ts';
import { describeUnknown, endHold } from './unknown.ts';
import { describeSpend } from './describe-spend.ts';
import type { Operations } from './open-operations.ts';
import { agoOf, timeOf } from './time-words.ts';

export type OperatorCommand = Extract<
  Command,
  { kind: 'status' | 'spend' | 'caps' | 'limits' | 'tenant' | 'release' | 'unknown' | 'pause' | 'resume' }
>;

/** About one screen of lines. */
const SHOWN_UNKNOWN = 40;

/** Runs a command of an operator. @param now Milliseconds since 1970. @returns the exit code. */
export async function operate(command: OperatorCommand, operations: Operations, terminal: Terminal, now: number): Promise<0 | 1> {
  const { store, where } = operations;
  terminal.print(`darkroom  ${where}`);
  switch (command.kind) {
    case 'status':
      terminal.print(...(await describeStatus(operations, now)));
      return 0;
    case 'spend':
      terminal.print(...describeSpend(await store.readSpend(command.tenant)));
      return 0;
    case 'caps':
      return showOrChangeCaps(command.change, operations, terminal);
    case 'unknown':
      if (command.release === undefined || command.decision === undefined) {
        terminal.print(...describeUnknown(await store.readUnknown(SHOWN_UNKNOWN), now));
        return 0;
      }
      return endHold(command.release, command.decision, operations, terminal);
    case 'limits':
      return showOrChangeLimits(command.change, operations, terminal);
    case 'tenant':
      return showOrChangeTenant(command, operations, terminal);
    case 'release':
      return releaseWithheld(command, operations, terminal);
    case 'pause':
      return pauseBuying(command.reason, operations, terminal, now);
    case 'resume':
      return resumeBuying(command.kinds, operations, terminal, now);
    default:
      return command satisfies never;
  }
}

async function describeStatus({ store, countQueues, findReading }: Operations, now: number): Promise<string[]> {
  const [isInitialised, pauses, held, trouble, spend, open, unknown, queues, lastPass, progress, differing, reading, damaged] =
    await Promise.all([
      store.isInitialised(),
      store.pauses(),
      store.heldWorkers(),
      store.findTrouble(),
      store.readSpend(),
      store.readOpenGenerations(),
      store.readUnknown(0),
      countQueues(now),
      store.findLastPass(),
      store.findPassProgress(),
      store.findDiffering(),
      findReading(),
      store.listDamaged(),
    ]);
  const oldest =
    open.oldest === undefined ? '' : `; the oldest is ${open.oldest.generationId}, ordered ${agoOf(open.oldest.createdAt, now)}`;
  return [
    ...(isInitialised
      ? []
      : [
          'store     NOT OPEN: no worker has started here yet, or Redis lost its memory; nothing is queued or bought',
          '          what to do: start a worker, if this is new; else npm run rebuild',
        ]),
    ...(reading === undefined ? [] : [describeReading(reading, now)]),
    ...describeDamaged(damaged),
    ...describePauses(pauses, now),
    ...describeHeld(held, now),
    ...(trouble === undefined ? [] : [describeTrouble(trouble, now)]),
    ...describeSpend(spend),
    ...(differing === undefined ? [] : [describeDiffering(differing)]),
    describeLastPass(lastPass, now),
    ...(progress === undefined ? [] : [describeProgress(progress, now)]),
    `open      ${open.count} generations${oldest}`,
    ...(unknown.count === 0 ? [] : [`unknown   ${unknown.count} outcomes hold their money: darkroom unknown`]),
    ...queues.map(({ queue, states, backlog }) => {
      const counts = Object.entries(states).filter(([, count]) => count > 0);
      const words = counts.length === 0 ? 'empty' : counts.map(([state, count]) => `${count} ${state}`).join(', ');
      return `queue     ${queue}: ${words}${backlog > 0 ? `; ${backlog} to be done now` : ''}`;
    }),
  ];
}

const describeTrouble = ({ failures, since }: StandingTrouble, now: number): string =>
  `provider  IN TROUBLE since ${timeOf(since)} (${agoOf(since, now)}): the last ${failures} requests to Runware failed; one trial request goes out at a time, and buying resumes when one is answered`;
