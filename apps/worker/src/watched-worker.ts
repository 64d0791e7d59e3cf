import type { Pulse } from '@darkroom/service-runtime';
import { Worker, type Job, type Processor, type WorkerOptions } from 'bullmq';

/**
 * A worker of BullMQ that tells how it is: its fetch loop beats at each turn, which comes every few seconds also without jobs, and
 * it knows how many runs are under way. The methods overridden here are the protected ones that the loop calls (BullMQ 6.7).
 */
export class WatchedWorker extends Worker {
  readonly #pulse: Pulse;
  #underWay = 0;

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
