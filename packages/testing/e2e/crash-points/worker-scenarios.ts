import { setTimeout as delay } from 'node:timers/promises';
import type { Timing } from '@darkroom/contracts';
import type { CrashScenario } from '../../src/crash-points/crash-run.ts';
import { strikeResident, strikeStart } from '../../src/crash-points/strike.ts';
import { usualRequest } from '../../src/crash-points/usual-request.ts';
import { idOf, type CrashWorld } from '../../src/crash-points/world.ts';
import { readBilledTasks } from '../../src/fleet/bill.ts';
import type { EmulatorSwitches } from '../../src/fleet/stack.ts';
import type { OrderRecord } from '../../src/judge/evidence.ts';
import { taskIdsOf } from '../../src/judge/billed-tasks.ts';

/** Longer than the period of anything that an idle worker does. */
const IDLE_MS = 3000;
/** Age of an id that no listing since the checkpoint covers. */
const OLD_ID_MS = 3_600_000;

/** Builds a scenario in which a worker does what a caller asked for. */
export const worker = (
  name: string,
  faults: EmulatorSwitches,
  act: (world: CrashWorld) => Promise<void>,
  timing: Partial<Timing> = {},
): CrashScenario => ({
  name,
  world: { faults, timing },
  idle: (world) => strikeResident(world, 'worker-0', { kind: 'trace' }, () => delay(IDLE_MS)),
  pass: (world, order) =>
    strikeResident(world, 'worker-0', order, async () => {
      await act(world);
      await world.quiet();
    }),
});

const buy = async (world: CrashWorld): Promise<void> => world.home(await world.place());

/** Lets the provider fail until the bill shows it for the order, and then succeed. */
export const wrongUntil =
  (faults: EmulatorSwitches, sign: 'submissions' | 'refusals') =>
  async (world: CrashWorld): Promise<void> => {
    await world.stack.setProviderFaults(faults);
    const order = await world.place();
    await seenOnBill(world, order, sign);
    await world.stack.setProviderFaults({});
    await world.home(order);
  };

const seenOnBill = (world: CrashWorld, order: OrderRecord, sign: 'submissions' | 'refusals' | 'executions'): Promise<void> =>
  world.until(`${sign} of ${idOf(order)} on the bill`, async () => {
    const tasks = await readBilledTasks(world.stack.billFile);
    return taskIdsOf(idOf(order), order.images).some((id) => (tasks.get(id)?.[sign] ?? 0) > 0);
  });

/** Takes Redis back to a moment before the order, and runs `during` while the worker is down. */
async function rollBack(world: CrashWorld, during: () => Promise<void>): Promise<void> {
  const { redis } = world.stack;
  const putBack = await redis.copyData();
  await during();
  await world.process('worker-0').kill();
  await redis.kill();
  await putBack();
  await redis.start();
}

export const workerScenarios: readonly CrashScenario[] = [
  { ...worker('an image is bought, uploaded and delivered', { uploadBeforeWebhookRate: 1 }, buy), idleStrikes: 1 },
  worker('two images come home at once, and nothing is delivered', { webhookDropRate: 1 }, async (world) =>
    world.home(await world.place({ ...usualRequest, numberResults: 2 })),
  ),
  // The window is longer than the absence of a killed worker: the task has ended by then, and is neither home nor reported as accepted.
  worker('an image is fetched because its upload never comes', { uploadNeverRate: 1 }, buy, { uploadWindowMs: 3000 }),
  worker('a purchase fails, is made again and fails again', { failProviderErrorRate: 1 }, buy),
  // The task still runs while its answer is lost and the worker asks about it.
  worker('the answer to a purchase is lost', { submitResetAfterRate: 1, executionMs: [1500, 1500] }, buy),
  worker('a purchase never arrives and is sent again', {}, wrongUntil({ submitResetBeforeRate: 1 }, 'submissions')),
  worker('a purchase is refused for now and sent again', {}, wrongUntil({ submit429Rate: 1 }, 'refusals')),
  worker('a purchase is refused for good', { geometry: 'required' }, async (world) =>
    world.home(await world.place({ positivePrompt: 'a lighthouse' })),
  ),
  worker('a generation is cancelled before its time', {}, async (world) => {
    // The worker removes its job within a second; if it dies in between, the job finds at its time that nothing is to do.
    const order = await world.place(usualRequest, { runAt: Date.now() + 3000 });
    order.cancelledAt = Date.now();
    await world.producer.cancel(idOf(order));
    await world.home(order);
    await world.quiet();
  }),
  worker(
    'a generation expires while its image is made',
    { executionMs: [900, 900] },
    async (world) => world.home(await world.place(usualRequest, { deadlineAt: Date.now() + 700 })),
    // The worker looks for a send that may have been accepted, although no caller wants it, until then.
    { resendWindowMs: 4000, horizonMs: 5000 },
  ),
  {
    name: 'a worker starts and asks S3 what Redis has forgotten, an old id that was enqueued and sent as well',
    worlds: 2,
    world: { faults: { executionMs: [600, 600] } },
    // Redis has lost nothing; all other steps of a start are the same.
    async idle(world) {
      await rollBack(world, () => Promise.resolve());
      return strikeStart(world, 'worker-0', { kind: 'trace' }, () => delay(IDLE_MS));
    },
    async pass(world, order) {
      const home: OrderRecord[] = [];
      const underWay: OrderRecord[] = [];
      await rollBack(world, async () => {
        home.push(await world.place());
        await world.home(home[0]!);
        await world.quiet();
        underWay.push(await world.place(), await world.place(usualRequest, { idAgeMs: OLD_ID_MS }));
        for (const each of underWay) await seenOnBill(world, each, 'submissions');
      });
      return strikeStart(world, 'worker-0', order, async () => {
        for (const each of [...home, ...underWay]) {
          await world.until(`${idOf(each)} is restored`, () => world.isKnown(each));
          await world.home(each);
        }
        await world.quiet();
      });
    },
  },
];

/** Returns a scenario by its name. @throws RangeError for an unknown name. */
export function findScenario(name: string): CrashScenario {
  const scenario = workerScenarios.find((each) => each.name === name);
  if (scenario === undefined) throw new RangeError(`there is no scenario "${name}"`);
  return scenario;
}
