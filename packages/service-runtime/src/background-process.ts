import { setTimeout as delay } from 'node:timers/promises';
import { atMost } from './at-most.ts';
import { closeServer } from './close-server.ts';
import { createHealthRoutes, type ReadinessCheck } from './health.ts';
import { createHttpServer } from './http-server.ts';
import { explainShortly } from './logging/describe-error.ts';
import type { Logger } from './logging/logger.ts';
import type { Metrics } from './metrics/metrics.ts';
import { createMetricsRoutes } from './metrics/routes.ts';
import type { Pulse } from './pulse.ts';
import type { Service } from './service.ts';
import type { ListenSettings } from './settings/groups.ts';
import { createOutageLines } from './watch/outage-lines.ts';

export interface BackgroundOptions {
  /** Name of the process in its log lines. */
  name: string;
  listen: ListenSettings;
  logger: Logger;
  metrics: Metrics;
  /** Beats in each turn of the work. */
  pulse: Pulse;
  /** Reason in /livez while the pulse is silent. */
  standstill: string;
  /** Dependencies that must work before the process is ready. */
  ready: readonly ReadinessCheck[];
  /** Name of the work in /readyz and in log lines; `isReadyAtOnce` is false for a process that is ready only after its first turn. */
  work: { check: string; lines: string; isReadyAtOnce: boolean };
  /** Milliseconds of a clock that only goes forward. */
  now: () => number;
}

export interface BackgroundSteps {
  /** Starts what the work needs. */
  prepare(): Promise<unknown>;
  /** Works until `stopping`. */
  run(): Promise<unknown>;
  /** Ends the work and cuts the connections. @returns promises for which the stop waits a last time, for `LAST_LOOPS_MS`. */
  end(running: Promise<unknown> | undefined, hurry: AbortSignal | undefined): Promise<readonly unknown[]>;
}

export interface BackgroundService extends Service {
  start(): Promise<void>;
  /** Returns the address of /livez, /readyz and /metrics. @throws Error before `start`. */
  url(): string;
}

/** Frame of a process without pages of its own: the port for health and metrics, the trouble of its work, and one start and stop. */
export interface BackgroundProcess {
  /** Aborted when the process stops. */
  readonly stopping: AbortSignal;
  /** Notes that the work goes on. */
  noteDone(): void;
  /**
   * Makes one turn after another until the process stops. A turn that fails makes the process not ready, and is made again.
   * @param turn Returns the rest before the next turn, in milliseconds.
   * @param troubleMs Rest after a failed turn.
   */
  repeat(turn: () => Promise<number>, troubleMs: number): Promise<void>;
  service(steps: BackgroundSteps): BackgroundService;
}

/** Longest wait of a stop for loops and servers, once the connections are cut. */
export const LAST_LOOPS_MS = 1000;

export function createBackgroundProcess(options: BackgroundOptions): BackgroundProcess {
  const { name, listen, logger, metrics, pulse, standstill, ready, work, now } = options;
  const stopping = new AbortController();
  const lines = createOutageLines({ name: work.lines, about: {} }, logger, now);
  let trouble: unknown = work.isReadyAtOnce ? undefined : new Error('starting');
  let running: Promise<unknown> | undefined;
  let stopped: Promise<void> | undefined;
  let address: string | undefined;

  const checkWork = async (): Promise<void> => {
    if (trouble !== undefined) throw trouble as Error; // of the last turn
  };
  const server = createHttpServer();
  void server.register(createMetricsRoutes(metrics));
  void server.register(
    createHealthRoutes({
      findStandstill: () => (pulse.isSilent() ? standstill : undefined),
      ready: [...ready, { name: work.check, check: checkWork }],
    }),
  );

  const noteDone = (): void => {
    trouble = undefined;
    lines.noteThere();
    pulse.beat();
  };

  return {
    stopping: stopping.signal,
    noteDone,
    async repeat(turn, troubleMs) {
      while (!stopping.signal.aborted) {
        const begunAt = now();
        let restMs = troubleMs;
        try {
          restMs = await turn();
          noteDone();
        } catch (error) {
          if (stopping.signal.aborted) return;
          trouble = error;
          lines.noteAway(explainShortly(error), begunAt);
          pulse.beat();
        }
        if (restMs > 0) await delay(restMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    },
    service: ({ prepare, run, end }) => ({
      logger,
      url() {
        if (address === undefined) throw new Error(`the ${name} has no address before it is started`);
        return address;
      },
      async start() {
        if (stopped !== undefined) return;
        address = await server.listen(listen);
        await Promise.all([prepare(), pulse.start()]);
        logger.info({ url: address }, `${name} started`);
        running = run();
      },
      stop(hurry) {
        stopped ??= (async () => {
          stopping.abort();
          const last = await end(running, hurry);
          const closed = [pulse.stop(), closeServer(server, AbortSignal.timeout(500))];
          await atMost(LAST_LOOPS_MS, Promise.allSettled([running, ...last, ...closed]));
          logger.info({}, `${name} stopped`);
        })();
        return stopped;
      },
    }),
  };
}
