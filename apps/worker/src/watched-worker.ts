import type { Pulse } from '@darkroom/service-runtime';
import { Worker, type Job, type Processor, type WorkerOptions } from 'bullmq';

const RESUME_LOOK_MS = 100;

/**
 * A BullMQ worker that reports its health. Its fetch loop beats at each turn, every few seconds even without jobs, and it counts the
 * runs under way. It overrides the protected methods that the loop calls (BullMQ 6.7).
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
    // Started by hand, so that the loop begins after the fields are set.
    super(name, counted, { ...options, autorun: false });
    this.#pulse = pulse;
    void this.run().catch((error: unknown) => this.emit('error', error instanceof Error ? error : new Error(String(error))));
  }

  /** Returns the number of runs under way. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Returns true if the fetch loop has ended without a pause or a close. */
  get hasEnded(): boolean {
    return !this.isRunning() && !this.isPaused() && this.closing === undefined;
  }

  /** Returns true while the worker must take no jobs. A fetch that was under way at the pause may still bring one. */
  get isToPause(): boolean {
    return this.#isToPause;
  }

  /** Stops or resumes fetching jobs; runs under way continue. */
  setPaused(isPaused: boolean): void {
    this.#isToPause = isPaused;
    this.#followPause();
  }

  #followPause(): void {
    if (this.closing !== undefined || this.isPaused() === this.#isToPause) return;
    if (this.#isToPause) void this.pause(true).catch((error: unknown) => this.emit('error', error as Error)); // BullMQ throws errors only
    // `resume` does nothing until the loop from before the pause ends, which waits some seconds for a job.
    else if (this.isRunning()) setTimeout(() => this.#followPause(), RESUME_LOOK_MS).unref();
    else {
      // While its clock was ahead, BullMQ may have set rests that end only at that later time, so they are removed. Its types hide the fields.
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
