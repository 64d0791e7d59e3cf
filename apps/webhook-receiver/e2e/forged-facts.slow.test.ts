import { taskUuidOf, type GenerationView } from '@darkroom/contracts';
import { createProducer } from '@darkroom/producer';
import { countExecutions, eventually, readBilledTasks, startFleet } from '@darkroom/testing';
import { expect, test } from 'vitest';
import { startThief } from './thief.ts';

/** A success as the provider delivers it. */
type Item = Record<string, unknown>;
const OTHER = '39571168-687a-4aec-a253-df7be20bd0d4';
const FALSE_SEED = 4711;

interface Forgery {
  /** Builds the bodies that the thief posts before the upload arrives. */
  bodies: (own: Item) => (string | object)[];
  /** The source of the facts in the entry. */
  believed: 'delivery' | 'provider';
  /** True if the caller cancels the generation first. */
  isCancelled?: boolean;
}

const forged = (own: Item, fields: Item = {}): Item => ({ ...own, seed: FALSE_SEED, ...fields });
const asked = (bodies: Forgery['bodies'], more: Partial<Forgery> = {}): Forgery => ({ bodies, believed: 'provider', ...more });
const withCost = (cost: unknown) => asked((own) => [forged(own, { cost })]);
/** Writes a number that JSON does not have, or that loses digits when it is read. */
const literal = (own: Item, field: string, value: string) =>
  JSON.stringify(forged(own, { [field]: 0 })).replace(`"${field}":0`, `"${field}":${value}`);

const forgeries: Record<string, Forgery> = {
  'the true delivery': { bodies: (own) => [own], believed: 'delivery' },
  // What a leaked capability can do: docs/guarantees.md.
  'a false seed and flag, and no true delivery': { bodies: (own) => [forged(own, { NSFWContent: true })], believed: 'delivery' },
  'a foreign task': asked((own) => [forged(own, { taskUUID: OTHER })]),
  'an item without a task': asked((own) => [forged(own, { taskUUID: undefined })]),
  'a dearer cost': withCost(0.03),
  'a cheaper cost': withCost(0.01),
  'no cost': withCost(undefined),
  'a negative cost': withCost(-0.02),
  'a huge cost': withCost(1e300),
  'an endless cost': asked((own) => [literal(own, 'cost', '1e999')]),
  'a cost that is no number': asked((own) => [literal(own, 'cost', 'NaN')]),
  'a cost in words': withCost('0.02'),
  'a broken seed': asked((own) => [forged(own, { seed: 0.5 })]),
  'a negative seed': asked((own) => [forged(own, { seed: -1 })]),
  'a seed that has lost digits': asked((own) => [literal(own, 'seed', '9007199254740993')]),
  'no seed': asked((own) => [forged(own, { seed: undefined })]),
  'an address that is none': asked((own) => [forged(own, { imageURL: 'javascript:alert(1)' })]),
  'a long address': asked((own) => [forged(own, { imageURL: `https://im.runware.ai/${'x'.repeat(5000)}` })]),
  'an image that has no UUID': asked((own) => [forged(own, { imageUUID: '../../etc/passwd' })]),
  'a flag that is none': asked((own) => [forged(own, { NSFWContent: 'yes' })]),
  'a false and then the true delivery': asked((own) => [forged(own), own]),
  'the true and then a false delivery': asked((own) => [own, forged(own)]),
  'two successes in one body': asked((own) => [[own, forged(own)]]),
  'an error beside a success': asked((own) => [{ data: [forged(own)], errors: [{ taskUUID: own['taskUUID'], code: 'providerError' }] }]),
  'an error and then a success': asked((own) => [{ errors: [{ taskUUID: own['taskUUID'], code: 'providerError' }] }, forged(own)]),
  'a delivery after a cancel': asked((own) => [forged(own)], { isCancelled: true }),
};

test('a body forged under a stolen capability is refused or asked about once, and moves no money', { timeout: 120_000 }, async () => {
  const thief = await startThief();
  const fleet = await startFleet({
    faults: { executionMs: [50, 100], uploadDelayMs: [5000, 5000] },
    webhookBaseUrl: thief.url,
    workerEnv: { TIMING_FIRST_POLL_MS: '7000', TIMING_MAX_POLL_MS: '7000', TIMING_UPLOAD_WINDOW_MS: '30000' },
  });
  const producer = createProducer({ redisUrl: fleet.redisUrl });
  const polls = async (): Promise<number> =>
    ((await (await fetch(`${fleet.emulatorUrl}/_emulator/stats`)).json()) as { polls: number }).polls; // the form of the emulator's statistics

  const tryOut = async ({ bodies, believed, isCancelled = false }: Forgery, name: string): Promise<void> => {
    const { generationId } = await producer.enqueue({ positivePrompt: name, width: 1024, height: 1024 });
    const taskUUID = taskUuidOf({ generationId, index: 0, n: 1 });
    const { path, body } = await eventually(
      () => {
        const found = thief.stolen.find((stolen) => stolen.body.includes(taskUUID));
        if (found === undefined) throw new Error(`no delivery of "${name}" was stolen`);
        return found;
      },
      { withinMs: 30_000 },
    );
    const own = JSON.parse(body) as Item; // the emulator delivers one flat object
    if (isCancelled) await producer.cancel(generationId);
    const post = async (forgedBody: string | object): Promise<void> => {
      const text = typeof forgedBody === 'string' ? forgedBody : JSON.stringify(forgedBody);
      expect((await fetch(fleet.receiverUrl + path, { method: 'POST', body: text })).status, name).toBe(200);
    };
    for (const each of bodies(own)) await post(each);
    expect((await producer.get(generationId))?.images[0]?.status, `${name}: before the upload`).toBe('open');

    const home = async (): Promise<GenerationView> => {
      const view = await producer.get(generationId);
      expect(view?.images[0]?.status, name).toBe('succeeded');
      return view;
    };
    const view = await eventually(home, { withinMs: 60_000 });
    const isFalse = believed === 'delivery' && bodies(own)[0] !== own;
    expect(view.images[0], name).toMatchObject({
      factsFrom: believed,
      seed: isFalse ? FALSE_SEED : own['seed'],
      imageUUID: own['imageUUID'],
      costUsd: '0.02',
    });
    expect(view.reservedUsd, name).toBe('0');
    // After the end a delivery changes nothing.
    await post(forged(own, { seed: 1, cost: 7 }));
    expect(await producer.get(generationId), name).toEqual(view);
  };

  try {
    // A worker asks one question of its own when it starts.
    const askedBefore = await polls();
    await Promise.all(Object.entries(forgeries).map(([name, forgery]) => tryOut(forgery, name)));
    const questions = Object.values(forgeries).filter(({ believed }) => believed === 'provider').length;
    expect((await polls()) - askedBefore, 'questions').toBe(questions);
    expect(countExecutions(await readBilledTasks(fleet.billFile))).toBe(Object.keys(forgeries).length);
  } finally {
    await producer.close();
    await fleet.stop();
    await thief.stop();
  }
});
