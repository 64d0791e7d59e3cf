import { defined, durableEvents } from '@darkroom/contracts';
import type { LoggedEvent } from '@darkroom/generation-store';
import type { DarkroomEvent } from './events.ts';

/** Builds what a consumer sees; undefined for a kind of a later version. */
export function eventOf(
  { event, id, tenant, provider, model, at, revision, traceparent, index, n }: LoggedEvent,
  deliveries: number,
): DarkroomEvent | undefined {
  const known = durableEvents.find((each) => each === event);
  if (known === undefined) return undefined;
  const [, what = ''] = known.split('.');
  const eventId = index === undefined ? `${id}-${what}` : `${id}-${index}-${n ?? 0}-${what}`;
  return {
    event: known,
    eventId,
    generationId: id,
    tenant,
    provider,
    model,
    at,
    deliveries,
    ...defined({ revision, traceparent, index, n }),
  };
}
