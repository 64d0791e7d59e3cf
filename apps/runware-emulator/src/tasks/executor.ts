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
import { drawFailure, drawImage } from './fate.ts';
import { chargeOf } from './price.ts';

export interface ExecutorParts {
  store: TaskStore;
  bill: Bill;
  courier: Courier;
  gallery: Gallery;
  dice: Dice;
  clock: Clock;
  /** Aborted when the emulator stops. */
  signal: AbortSignal;
}

/** An execution that is under way. Both promises stay open when the emulator stops. */
export interface Execution {
  /** All items can be seen. */
  readonly visible: Promise<void>;
  /** The first webhook was answered, or there is none to send. */
  readonly announced: Promise<void>;
}

export interface Executor {
  /** Carries a task to its end and delivers it; also one that a process before this one began. */
  begin(task: Task): Execution;
  /** Waits for everything that is under way; after the signal was aborted. */
  settle(): Promise<void>;
}

/** Executes tasks, each exactly once by the bill. */
export function buildExecutor({ store, bill, courier, gallery, dice, clock, signal }: ExecutorParts): Executor {
  const underWay = new Set<Promise<void>>();

  // The bill is what counts. It is written before the state: after a kill between the two, the end is drawn again, is the same,
  // and is not charged again.
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
        // Stopping ends every wait with an error. The state file knows what is left to do.
        .catch((error: unknown) => {
          if (!signal.aborted) throw error;
        })
        .finally(() => underWay.delete(work));
      underWay.add(work);
      return { visible, announced };
    },
    settle: async () => {
      await waitForAll([...underWay]);
    },
  };
}
