import type { Pulse } from '@darkroom/service-runtime';
import { Worker, type Job, type Processor, type WorkerOptions } from 'bullmq';

const RESUME_LOOK_MS = 100;

/**
 * A worker of BullMQ that tells how it is: its fetch loop beats at each turn, which comes every few seconds also without jobs, and
 * it knows how many runs are under way. The methods overridden here are the protected ones that the loop calls (BullMQ 6.7).
 */
export class WatchedWorker extends Worker {
  readonly #pulse: Pulse;
  #underWay = 0;
  #isToPause = false;

  constructor(name: string, run: (job: Job, token?: string) => Promise<unknown>, options: WorkerOptions, pulse: Pulse) {
    const counted: Processor = async (job, token) => {
      this.#underWay += 1;
      try {
        return await run(job, token);
      } finally {
        this.#underWay -= 1;
        this.#pulse.beat();
      }
    };
    // By hand, so that the loop begins when the fields are there.
    super(name, counted, { ...options, autorun: false });
    this.#pulse = pulse;
    void this.run().catch((error: unknown) => this.emit('error', error instanceof Error ? error : new Error(String(error))));
  }

  /** How many runs are under way. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Whether the fetch loop has ended although nobody has paused or closed the worker. */
  get hasEnded(): boolean {
    return !this.isRunning() && !this.isPaused() && this.closing === undefined;
  }

  /** Whether it is to take no jobs. The fetch that was under way at the pause may still bring one. */
  get isToPause(): boolean {
    return this.#isToPause;
  }

  /** Fetches no more jobs, or fetches them again; runs that are under way go on. */
  setPaused(isPaused: boolean): void {
    this.#isToPause = isPaused;
    this.#followPause();
  }

  #followPause(): void {
    if (this.closing !== undefined || this.isPaused() === this.#isToPause) return;
    if (this.#isToPause) void this.pause(true).catch((error: unknown) => this.emit('error', error as Error)); // what BullMQ throws
    // `resume` does nothing while the loop of before the pause still turns: it waits some seconds for a job.
    else if (this.isRunning()) setTimeout(() => this.#followPause(), RESUME_LOOK_MS).unref();
    else {
      // Rests that were counted by a clock that was ahead would last until it is caught up with. BullMQ's types hide them.
      Object.assign(this, { limitUntil: 0, blockUntil: 0 });
      void this.resume();
    }
  }

  protected override getBlockTimeout(blockUntil: number): number {
    this.#pulse.beat();
    return super.getBlockTimeout(blockUntil);
  }

  protected override getRateLimitDelay(delayMs: number): number {
    this.#pulse.beat();
    return super.getRateLimitDelay(delayMs);
  }

  protected override moveToActive(token: string, name?: string): Promise<Job> {
    this.#pulse.beat();
    return super.moveToActive(token, name);
  }
}
