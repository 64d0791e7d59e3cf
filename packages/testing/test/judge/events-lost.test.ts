import { describe, expect, test } from 'vitest';
import { findEventsLost } from '../../src/judge/events.ts';
import { createHistory } from './history.ts';

/** A bought image with its end, and what consumers wrote down. */
async function lostOf(events: (generationId: string) => string[] | undefined): Promise<{ lost: string[]; generationId: string }> {
  const history = createHistory();
  const ref = history.order();
  history.bought(ref);
  const { evidence } = await history.judge();
  const told = events(ref.generationId);
  return { lost: findEventsLost({ ...evidence, ...(told && { events: new Set(told) }) }), generationId: ref.generationId };
}

describe('ends that no event told', () => {
  test('are none if each was told, once or more', async () => {
    expect((await lostOf((id) => [`${id}-queued`, `${id}-0-1-succeeded`, `${id}-succeeded`])).lost).toEqual([]);
  });

  test('are those of a submission and of a generation', async () => {
    const none = await lostOf(() => []);
    expect(none.lost).toEqual([`${none.generationId}-0-1-succeeded`, `${none.generationId}-succeeded`]);
    const one = await lostOf((id) => [`${id}-0-1-succeeded`]);
    expect(one.lost).toEqual([`${one.generationId}-succeeded`]);
  });

  test('are not those of another kind', async () => {
    const { lost, generationId } = await lostOf((id) => [`${id}-0-1-failed`, `${id}-succeeded`]);
    expect(lost).toEqual([`${generationId}-0-1-succeeded`]);
  });

  test('count a gap', async () => {
    expect((await lostOf((id) => [`${id}-0-1-succeeded`, `${id}-succeeded`, 'events.gap'])).lost).toEqual(['the group was told of a gap']);
  });

  test('are none of a run without consumers', async () => {
    expect((await lostOf(() => undefined)).lost).toEqual([]);
  });

  test('are read from the file that consumers append to', async () => {
    const history = createHistory();
    const ref = history.order();
    history.bought(ref);
    history.events.push(`${ref.generationId}-0-1-succeeded`);
    const { judgement } = await history.judge();
    expect(judgement.eventsLost).toEqual([`${ref.generationId}-succeeded`]);
  });
});
