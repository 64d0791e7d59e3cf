import type { Bill } from '../bill.ts';
import { sleepUntil, type Clock } from '../clock.ts';
import type { Dice } from '../dice.ts';
import type { Stats } from '../stats.ts';
import { purposeOf, visibleAt, type Task } from '../state/task.ts';
import type { TaskStore } from '../state/task-store.ts';
import type { ItemParts } from '../tasks/result-item.ts';
import { waitForAll } from '../wait-for-all.ts';
import { sendProgress, sendWebhook } from './webhook.ts';
import { replayUpload, sendUpload } from './upload.ts';

export interface CourierParts extends ItemParts {
  store: TaskStore;
  bill: Bill;
  dice: Dice;
  clock: Clock;
  stats: Stats;
  signal: AbortSignal;
}

/** Brings results to where the request asked for them. */
export interface Courier {
  /** Sends what is still to be sent of an item: its webhook and its upload. `onAnnounced` is called when the first attempt of the webhook is over. */
  deliver(task: Task, index: number, onAnnounced: () => void): Promise<void>;
  /** Tells the webhook that the task is running, if the switches say so. */
  announceProgress(task: Task, at: number): Promise<void>;
}

export function buildCourier(parts: CourierParts): Courier {
  const { store, dice, clock, signal } = parts;

  // Written after the delivery: a kill in between repeats it. Webhooks may come twice, and an upload twice is the same bytes.
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
          await sendUpload(task, index, parts);
        });
      };
      const replay = async (uploadedAt: number): Promise<void> => {
        if (!hasUpload || !draws(faults.uploadReplayRate, 'upload-replay')) return;
        await once(task, `replay-${index}`, async () => {
          await sleepUntil(clock, uploadedAt + dice.between(faults.uploadReplayAfterMs, ...purposeOf('replay-after', task, index)), signal);
          await replayUpload(task, index, parts);
        });
      };
      const webhook = async (): Promise<void> => {
        if (request.webhookURL !== undefined) {
          await once(task, `webhook-${index}`, async () => {
            await sleepUntil(clock, webhookAt, signal);
            await sendWebhook(task, index, parts, onAnnounced);
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
      // Late news of a task that has ended would be wrong.
      if (task.request.webhookURL === undefined || task.ending !== undefined || at < clock.now()) return;
      await sleepUntil(clock, at, signal);
      await sendProgress(task, parts);
    },
  };
}
