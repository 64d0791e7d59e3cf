import type { Bill } from '../bill.ts';
import { sleepUntil, type Clock } from '../clock.ts';
import type { Dice } from '../dice.ts';
import type { Stats } from '../stats.ts';
import { purposeOf, visibleAt, type Task } from '../state/task.ts';
import type { TaskStore } from '../state/task-store.ts';
import type { ItemDependencies } from '../tasks/result-item.ts';
import { waitForAll } from '../wait-for-all.ts';
import { sendProgress, sendWebhook } from './webhook.ts';
import { replayUpload, sendUpload } from './upload.ts';

export interface CourierDependencies extends ItemDependencies {
  store: TaskStore;
  bill: Bill;
  dice: Dice;
  clock: Clock;
  stats: Stats;
  signal: AbortSignal;
}

/** Sends results to the addresses of the request. */
export interface Courier {
  /** Sends the webhook and the upload of an item, unless they were sent before. Calls `onAnnounced` after the first attempt of the webhook. */
  deliver(task: Task, index: number, onAnnounced: () => void): Promise<void>;
  /** Sends a webhook that the task is running, if the switches say so. */
  announceProgress(task: Task, at: number): Promise<void>;
}

export function buildCourier(dependencies: CourierDependencies): Courier {
  const { store, dice, clock, signal } = dependencies;

  // Recorded after the delivery: a kill in between repeats it. A webhook may come twice, and a second upload has the same bytes.
  const once = async (task: Task, delivery: string, deliver: () => Promise<void>): Promise<void> => {
    if (store.isDelivered(task, delivery)) return;
    await deliver();
    store.recordDelivered(task, delivery);
  };

  return {
    deliver: async (task, index, onAnnounced) => {
      const { faults, request } = task;
      const draws = (rate: number, what: string): boolean => dice.chance(rate, ...purposeOf(what, task, index));
      const webhookAt = visibleAt(dice, task, index) + dice.between(faults.webhookDelayMs, ...purposeOf('webhook-delay', task, index));
      const uploadFirst = draws(faults.uploadBeforeWebhookRate, 'upload-before-webhook');
      const lateMs = draws(faults.uploadLateRate, 'upload-late') ? faults.uploadLateMs : 0;
      const uploadAt = webhookAt + dice.between(faults.uploadDelayMs, ...purposeOf('upload-delay', task, index)) + lateMs;

      const hasUpload = request.uploadEndpoint !== undefined && task.ending?.outcome.status === 'success';
      const upload = async (at: number): Promise<void> => {
        if (!hasUpload) return;
        await once(task, `upload-${index}`, async () => {
          await sleepUntil(clock, at, signal);
          await sendUpload(task, index, dependencies);
        });
      };
      const replay = async (uploadedAt: number): Promise<void> => {
        if (!hasUpload || !draws(faults.uploadReplayRate, 'upload-replay')) return;
        await once(task, `replay-${index}`, async () => {
          await sleepUntil(clock, uploadedAt + dice.between(faults.uploadReplayAfterMs, ...purposeOf('replay-after', task, index)), signal);
          await replayUpload(task, index, dependencies);
        });
      };
      const webhook = async (): Promise<void> => {
        if (request.webhookURL !== undefined) {
          await once(task, `webhook-${index}`, async () => {
            await sleepUntil(clock, webhookAt, signal);
            await sendWebhook(task, index, dependencies, onAnnounced);
          });
        }
        onAnnounced();
      };
      if (uploadFirst) {
        await upload(webhookAt);
        await waitForAll([webhook(), replay(webhookAt)]);
      } else {
        await waitForAll([webhook(), upload(uploadAt).then(() => replay(uploadAt))]);
      }
    },
    announceProgress: async (task, at) => {
      if (!dice.chance(task.faults.webhookProcessingRate, ...purposeOf('webhook-processing', task, 0))) return;
      // After the end of the task, or after a long stop, the webhook would be wrong.
      if (task.request.webhookURL === undefined || task.ending !== undefined || at < clock.now()) return;
      await sleepUntil(clock, at, signal);
      await sendProgress(task, dependencies);
    },
  };
}
