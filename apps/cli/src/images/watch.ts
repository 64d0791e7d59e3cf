import type { DarkroomEvent, EventsGap } from '@darkroom/producer';
import type { CommandContext, ExitCode } from '../commands/command.ts';
import { describeStanding } from '../orders/status-words.ts';
import { timeOf } from '../operate/time-words.ts';
import { isComplete } from './describe-generation.ts';
import type { Client } from './client.ts';
import { withClient } from './open-client.ts';

interface WatchValues {
  readonly dataDir: string | undefined;
  readonly generationId: string | undefined;
  readonly all: boolean;
  readonly group: string;
  readonly tenant: string | undefined;
}

/** Follows one generation until its end, or the events of all until a signal. @throws the errors of the library. */
export const runWatch = (values: WatchValues, context: CommandContext): Promise<ExitCode> =>
  withClient({ dataDir: values.dataDir }, context, (client) =>
    values.generationId === undefined ? watchAll(values, client, context) : watchOne(values.generationId, client, context),
  );

async function watchOne(generationId: string, { producer }: Client, { answer, signals }: CommandContext): Promise<ExitCode> {
  let isDone = false;
  let last = '';
  for await (const view of producer.watch(generationId, { signal: signals.stop })) {
    isDone = isComplete(view);
    const { words } = describeStanding(view);
    if (words === last) continue;
    last = words;
    answer(view, [`${view.status}: ${words}`]);
  }
  return isDone ? 0 : 3;
}

async function watchAll(
  { group, tenant }: WatchValues,
  { events }: Client,
  { answer, signals: { stop } }: CommandContext,
): Promise<ExitCode> {
  try {
    for await (const event of events(group, tenant, stop)) answer(event, [describeEvent(event)]);
  } catch (error) {
    if (!stop.aborted || error !== stop.reason) throw error;
  }
  return 0;
}

const describeEvent = (event: DarkroomEvent | EventsGap): string => {
  if (event.event === 'events.gap') return `events up to ${timeOf(event.until)} are gone before this group read them`;
  const { at, index, n, generationId, tenant } = event;
  const image = index === undefined ? '' : `  image ${index}${n === undefined ? '' : `, purchase ${n}`}`;
  return `${timeOf(at)}  ${event.event}  ${generationId}${image}  ${tenant}`;
};
