import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request as send } from 'undici';
import { z } from 'zod';
import { quantileOf } from '../measure/spread.ts';

/** A provider that makes every image at once from the same bytes, and tells of it by webhook. */
export interface QuickProvider {
  /** Answers the tasks of one request. @param isDryRun True: nothing is made. */
  answer(body: unknown, isDryRun: boolean): { data: unknown[] };
  readonly counts: ProviderCounts;
  /** Time of the first webhook of each task, in milliseconds since 1970. */
  readonly webhookTimes: Map<string, number>;
  /** Sets the time that an image takes, in milliseconds. */
  setDelay(delayMs: number): void;
  /** True: webhooks are kept instead of sent, until `deliver` sends them. */
  holdWebhooks(isHeld: boolean): void;
  countHeld(): number;
  /** Sends so many of the kept webhooks, and forgets them if they go to their own address. */
  deliver(order: DeliveryOrder): Promise<Delivered>;
  close(): Promise<void>;
}

export interface ProviderCounts {
  /** Purchases; a repeated one counts again. */
  submissions: number;
  /** Tasks that were bought more than once. */
  boughtTwice: number;
  questions: number;
  webhooks: number;
  /** Webhooks without a good answer. */
  refusedWebhooks: number;
}

export interface DeliveryOrder {
  count: number;
  /** Deliveries under way at once, or begun in a second. */
  atOnce?: number | undefined;
  perSecond?: number | undefined;
  /** Another address than their own. */
  url?: string | undefined;
}

/** Times in milliseconds. */
export interface Delivered {
  seconds: number;
  refused: number;
  p50: number;
  p99: number;
}

const taskSchema = z.looseObject({
  taskType: z.string(),
  taskUUID: z.string(),
  uploadEndpoint: z.string().optional(),
  webhookURL: z.string().optional(),
});
type Task = z.infer<typeof taskSchema>;

/** The price of an image on the model's page: facts with another cost are asked about. */
const COST_USD = 0.02;
const WEBHOOK_TRIES = 5;

export function createQuickProvider(image: Buffer, upload: (address: string, bytes: Buffer) => void): QuickProvider {
  const counts: ProviderCounts = { submissions: 0, boughtTwice: 0, questions: 0, webhooks: 0, refusedWebhooks: 0 };
  const webhookTimes = new Map<string, number>();
  const made = new Map<string, Record<string, unknown>>();
  const bought = new Set<string>();
  const agent = new Agent({ connections: 100, pipelining: 1 });
  let delayMs = 20;
  let isHeld = false;
  const held: { url: string; body: string }[] = [];

  async function make(task: Task): Promise<void> {
    await delay(delayMs);
    if (task.uploadEndpoint !== undefined) upload(task.uploadEndpoint, image);
    const item = {
      taskType: task.taskType,
      taskUUID: task.taskUUID,
      imageUUID: randomUUID(),
      imageURL: `http://127.0.0.1/${task.taskUUID}.jpg`,
      seed: made.size + 1,
      cost: COST_USD,
      status: 'success',
    };
    made.set(task.taskUUID, item);
    if (task.webhookURL === undefined) return;
    if (isHeld) return void held.push({ url: task.webhookURL, body: JSON.stringify(item) });
    webhookTimes.set(task.taskUUID, performance.timeOrigin + performance.now());
    for (let tries = 1; tries <= WEBHOOK_TRIES; tries += 1) {
      if (await tell(task.webhookURL, JSON.stringify(item))) return;
      counts.refusedWebhooks += 1;
      await delay(100 * tries);
    }
  }

  async function tell(url: string, body: string): Promise<boolean> {
    counts.webhooks += 1;
    try {
      const answer = await send(url, {
        dispatcher: agent,
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
      });
      await answer.body.dump();
      return answer.statusCode < 300;
    } catch {
      return false;
    }
  }

  return {
    counts,
    webhookTimes,
    setDelay: (ms) => void (delayMs = ms),
    holdWebhooks: (is) => void (isHeld = is),
    countHeld: () => held.length,
    async deliver({ count, atOnce = 1, perSecond, url }) {
      const chosen = url === undefined ? held.splice(0, count) : held.slice(0, count);
      const times: number[] = [];
      let refused = 0;
      const deliver = async (webhook: { url: string; body: string }): Promise<void> => {
        const sentAt = performance.now();
        if (!(await tell(url ?? webhook.url, webhook.body))) refused += 1;
        times.push(performance.now() - sentAt);
      };
      const startedAt = performance.now();
      if (perSecond === undefined) {
        const rest = chosen.values();
        const work = async (): Promise<void> => {
          for (const webhook of rest) await deliver(webhook);
        };
        await Promise.all(Array.from({ length: atOnce }, work));
      } else {
        const all = chosen.map(async (webhook, at) => {
          await delay((at * 1000) / perSecond);
          await deliver(webhook);
        });
        await Promise.all(all);
      }
      return { seconds: (performance.now() - startedAt) / 1000, refused, p50: quantileOf(times, 0.5), p99: quantileOf(times, 0.99) };
    },
    answer(body, isDryRun) {
      const data = z
        .array(taskSchema)
        .parse(body)
        .flatMap((task) => {
          const { taskType, taskUUID } = task;
          if (taskType !== 'imageInference') {
            counts.questions += 1;
            return made.get(taskUUID) ?? [];
          }
          if (isDryRun) return { taskType, taskUUID };
          counts.submissions += 1;
          if (bought.has(taskUUID)) counts.boughtTwice += 1;
          bought.add(taskUUID);
          void make(task);
          return { taskType, taskUUID };
        });
      return { data };
    },
    close: () => agent.close(),
  };
}
