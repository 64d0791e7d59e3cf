import { createEvents, type DarkroomEvent, type EventsGap } from '@darkroom/producer';
import { defined } from '@darkroom/contracts';
import type { CommandContext, ExitCode } from '../commands/command.ts';
import { describeStanding } from '../orders/status-words.ts';
import { timeOf } from '../operate/time-words.ts';
import { isComplete } from './describe-generation.ts';
import { withClient, type Client } from './open-client.ts';

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

async function watchAll({ group, tenant }: WatchValues, { redis }: Client, { answer, signals }: CommandContext): Promise<ExitCode> {
  const events = createEvents({ ...redis, group, ...defined({ tenant }) });
  const close = (): void => void events.close();
  signals.stop.addEventListener('abort', close, { once: true });
  if (signals.stop.aborted) close();
  try {
    for await (const event of events) answer(event, [describeEvent(event)]);
    return 0;
  } finally {
    await events.close();
  }
}

const describeEvent = (event: DarkroomEvent | EventsGap): string => {
  if (event.event === 'events.gap') return `events up to ${timeOf(event.until)} are gone before this group read them`;
  const { at, index, n, generationId, tenant } = event;
  const image = index === undefined ? '' : `  image ${index}${n === undefined ? '' : `, purchase ${n}`}`;
  return `${timeOf(at)}  ${event.event}  ${generationId}${image}  ${tenant}`;
};
