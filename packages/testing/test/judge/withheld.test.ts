import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { noteSeenIn, readSeen, SEEN_FILE } from '../../src/judge/seen.ts';
import { createHistory } from './history.ts';

interface Terms {
  withholds?: boolean;
  isFlagged?: boolean;
}
const withheld: Terms = { withholds: true, isFlagged: true };

/** Judges a history with one flagged image of an order that withholds such images. */
async function judgeWithheld(
  happen: (history: ReturnType<typeof createHistory>, ref: ReturnType<typeof history.order>) => void,
  terms = withheld,
) {
  const history = createHistory();
  const ref = history.order(terms);
  history.bought(ref);
  happen(history, ref);
  const { judgement } = await history.judge();
  return { shown: judgement.withheldShown, wrongly: judgement.failedWrongly, lost: judgement.lost };
}
const image = (history: ReturnType<typeof createHistory>, { generationId }: { generationId: string }) =>
  history.generations[generationId]?.images[0] ?? {};

test.each([
  ['its key', (key: string) => `https://s3/darkroom/${key}?X-Amz-Signature=1`],
  ['the hash of its bytes', (_: string, sha256: string) => sha256],
  ['the id that the provider gave it', () => 'image 1'],
])('a withheld image whose caller sees %s was shown', async (_, sign) => {
  const { shown, lost } = await judgeWithheld((history, ref) => {
    const { key, sha256 } = history.servedOf(ref);
    history.seen.push({ at: 5, where: 'url', what: sign(key, sha256) });
  });
  expect(shown).toEqual([expect.stringContaining('was shown in "url"')]);
  expect(lost).toEqual([]);
});

test('a withheld image may be seen once the bucket holds its release, and not before', async () => {
  const release = (history: ReturnType<typeof createHistory>, { generationId }: { generationId: string }): void =>
    void history.objects.set(`settings/releases/${generationId}.0-1/1.json`, JSON.stringify({ at: 10, after: { reason: 'seen' } }));
  const seeAt = (at: number) =>
    judgeWithheld((history, ref) => {
      release(history, ref);
      history.seen.push({ at, where: 'get', what: history.servedOf(ref) });
    });
  expect((await seeAt(9)).shown).toHaveLength(1);
  expect((await seeAt(10)).shown).toEqual([]);
  // A release of another image of the same index shows nothing of this one.
  const other = await judgeWithheld((history, ref) => {
    history.objects.set(`settings/releases/${ref.generationId}.0-2/1.json`, JSON.stringify({ at: 1 }));
    history.seen.push({ at: 5, where: 'list', what: history.servedOf(ref) });
  });
  expect(other.shown).toHaveLength(1);
});

test('an image that is not flagged, or whose order withholds none, may be seen', async () => {
  for (const terms of [{ withholds: true }, { isFlagged: true }] satisfies Terms[]) {
    const { shown } = await judgeWithheld((history, ref) => history.seen.push({ at: 5, where: 'get', what: history.servedOf(ref) }), terms);
    expect(shown).toEqual([]);
  }
});

test('a withheld image is not lost, if it is paid, kept and recorded', async () => {
  const hide = (history: ReturnType<typeof createHistory>, ref: { generationId: string }): void => {
    Object.assign(image(history, ref), { withheld: true, image: undefined });
  };
  expect(await judgeWithheld(hide)).toEqual({ shown: [], wrongly: [], lost: [] });
  const gone = await judgeWithheld((history, ref) => {
    hide(history, ref);
    history.objects.delete(history.imageKey(ref));
  });
  expect(gone.lost).not.toEqual([]);
});

test('an image that stays withheld without a rule, or after its release, failed wrongly', async () => {
  const hide = (history: ReturnType<typeof createHistory>, ref: { generationId: string }) =>
    void Object.assign(image(history, ref), { withheld: true, image: undefined });
  const unasked = await judgeWithheld(hide, { isFlagged: true });
  expect(unasked.wrongly).toEqual([expect.stringContaining('is withheld although nothing asks for that')]);
  const released = await judgeWithheld((history, ref) => {
    hide(history, ref);
    history.objects.set(`settings/releases/${ref.generationId}.0-1/1.json`, JSON.stringify({ at: 1 }));
  });
  expect(released.wrongly).toEqual([expect.stringContaining('is withheld although it was released')]);
});

test('a look at an image is read back with its time, and a torn line counts as seen before every release', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'darkroom-seen-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  expect(await readSeen(directory)).toBeUndefined();
  const note = noteSeenIn(join(directory, SEEN_FILE));
  note('event', { id: 'a' });
  const [seen] = (await readSeen(directory)) ?? [];
  expect(seen).toMatchObject({ where: 'event', text: expect.stringContaining('"id":"a"') as string });
  expect(Math.abs((seen?.at ?? 0) - Date.now())).toBeLessThan(60_000);
  await appendFile(join(directory, SEEN_FILE), 'at":5,"where":"get","what":1}\n');
  expect((await readSeen(directory))?.[1]).toMatchObject({ at: 0, where: 'a torn line' });
});
