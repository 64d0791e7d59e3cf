import { defined } from '@darkroom/contracts';
import type { FastifyPluginAsync } from 'fastify';
import { explainShortly } from './logging/describe-error.ts';

/** A dependency that must work before the process accepts traffic or jobs. */
export interface ReadinessCheck {
  readonly name: string;
  /** Rejects with the reason, or exceeds its time, if the dependency does not work. */
  check(signal: AbortSignal): Promise<unknown>;
  /** Defaults to 1000 milliseconds. */
  readonly limitMs?: number;
}

export interface HealthOptions {
  readonly ready: readonly ReadinessCheck[];
  /**
   * Returns why the process has come to a standstill, so that the orchestrator restarts it; undefined while it works. Must not ask another
   * service: an absent Redis is no reason to restart. Must not require work: an idle process is healthy. By default a process that answers
   * counts as alive.
   */
  readonly findStandstill?: () => string | undefined;
}

/**
 * Creates a fastify plugin with two routes: `GET /livez` says if the process must be restarted, `GET /readyz` if it can take work. Both
 * answer 200 or 503; the body of `/readyz` has "ok" or the reason for each check, without a secret.
 */
export const createHealthRoutes =
  ({ ready, findStandstill = () => undefined }: HealthOptions): FastifyPluginAsync =>
  async (server) => {
    server.get('/livez', async (_request, reply) => {
      const reason = findStandstill();
      return reply.code(reason === undefined ? 200 : 503).send({ live: reason === undefined, ...defined({ reason }) });
    });
    server.get('/readyz', async (_request, reply) => {
      const checks = Object.fromEntries(await Promise.all(ready.map(async (each) => [each.name, await outcomeOf(each)] as const)));
      const isReady = Object.values(checks).every((outcome) => outcome === 'ok');
      return reply.code(isReady ? 200 : 503).send({ ready: isReady, checks });
    });
  };

async function outcomeOf({ check, limitMs = 1000 }: ReadinessCheck): Promise<string> {
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${limitMs} ms`), limitMs);
  });
  try {
    // A check that throws before it returns a promise has failed like any other.
    const checked = Promise.resolve()
      .then(() => check(abort.signal))
      .then(() => 'ok', explainShortly);
    return await Promise.race([checked, late]);
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
}
