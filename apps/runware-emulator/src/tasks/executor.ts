import { createHash } from 'node:crypto';
import { formatUsd } from '@darkroom/contracts';
import { promptSha256, type Bill } from '../bill.ts';
import { sleepUntil, type Clock } from '../clock.ts';
import type { Courier } from '../deliveries/courier.ts';
import type { Dice } from '../dice.ts';
import type { Gallery } from '../images/gallery.ts';
import type { Outcome } from '../state/entry.ts';
import { allVisibleAt, itemCount, visibleAt, type Task } from '../state/task.ts';
import type { TaskStore } from '../state/task-store.ts';
import { waitForAll } from '../wait-for-all.ts';
import { drawFailure, drawImage } from './draw-ending.ts';
import { chargeOf } from './price.ts';

export interface ExecutorDependencies {
  store: TaskStore;
  bill: Bill;
  courier: Courier;
  gallery: Gallery;
  dice: Dice;
  clock: Clock;
  /** Aborted when the emulator stops. */
  signal: AbortSignal;
}

/** An execution under way. Both promises stay pending when the emulator stops. */
export interface Execution {
  /** Resolves when all items are visible. */
  readonly visible: Promise<void>;
  /** Resolves when the first webhook was answered, or there is none to send. */
  readonly announced: Promise<void>;
}

export interface Executor {
  /** Executes a task and delivers its results; continues one that an earlier process began. */
  begin(task: Task): Execution;
  /** Waits for everything under way to end, after the signal was aborted. */
  drain(): Promise<void>;
}

/** Builds an executor, which executes each task exactly once by the bill. */
export function buildExecutor({ store, bill, courier, gallery, dice, clock, signal }: ExecutorDependencies): Executor {
  const underWay = new Set<Promise<void>>();

  // The bill is written before the state: after a kill between the two, the same end is drawn again, and the bill prevents a second
  // charge.
  const end = async (task: Task): Promise<void> => {
    const outcome = drawFailure(dice, task) ?? (await makeImages(task));
    if (!bill.hasCharged(task.taskUUID, task.run)) charge(task, outcome);
    store.end(task, outcome);
  };

  const makeImages = async (task: Task): Promise<Outcome> => {
    const images = Array.from({ length: task.request.numberResults }, async (_, index) => {
      const { imageUUID, seed } = drawImage(dice, task, index);
      const bytes = await gallery.load(task, seed);
      return { imageUUID, seed, sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.length };
    });
    return { status: 'success', images: await Promise.all(images) };
  };

  const charge = (task: Task, outcome: Outcome): void => {
    const { taskUUID, run, request, faults } = task;
    const at = clock.now();
    const costUsd = formatUsd(chargeOf(request, faults) * request.numberResults);
    if (outcome.status === 'error') {
      bill.record({ kind: 'failure', at, taskUUID, run, costUsd: faults.failedTasksCharged ? costUsd : '0', code: outcome.code });
    } else {
      const images = outcome.images.map(({ imageUUID, seed, sha256, sizeBytes }) => ({ imageUUID, seed, sha256, sizeBytes }));
      bill.record({ kind: 'execution', at, taskUUID, run, costUsd, promptSha256: promptSha256(request.positivePrompt), images });
    }
  };

  const carryOut = async (task: Task, onVisible: () => void, onAnnounced: () => void): Promise<void> => {
    const planned = Array.from({ length: task.request.numberResults }, (_, index) => visibleAt(dice, task, index));
    const firstAt = Math.min(...planned);
    const execute = async (): Promise<void> => {
      await sleepUntil(clock, firstAt, signal);
      if (task.ending === undefined) await end(task);
      const items = Array.from({ length: itemCount(task) }, async (_, index) => {
        await sleepUntil(clock, visibleAt(dice, task, index), signal);
        await courier.deliver(task, index, onAnnounced);
      });
      await waitForAll([sleepUntil(clock, allVisibleAt(dice, task), signal).then(onVisible), ...items]);
    };
    await waitForAll([courier.announceProgress(task, (task.acceptedAt + firstAt) / 2), execute()]);
  };

  return {
    begin: (task) => {
      let onVisible = (): void => undefined;
      let onAnnounced = (): void => undefined;
      const visible = new Promise<void>((resolve) => (onVisible = resolve));
      const announced = new Promise<void>((resolve) => (onAnnounced = resolve));
      const work = carryOut(task, onVisible, onAnnounced)
        // A stop ends every wait with an error. The state file says what is left to do.
        .catch((error: unknown) => {
          if (!signal.aborted) throw error;
        })
        .finally(() => underWay.delete(work));
      underWay.add(work);
      return { visible, announced };
    },
    drain: async () => {
      await waitForAll([...underWay]);
    },
  };
}
