import type { FastifyPluginAsync } from 'fastify';
import { explainShortly } from './logging/describe-error.ts';

/** One thing that must work before traffic or jobs are taken. */
export interface ReadinessCheck {
  readonly name: string;
  /** Rejects with the reason, or does not end in time, when it does not work. */
  check(signal: AbortSignal): Promise<unknown>;
  /** Defaults to 1000 milliseconds. */
  readonly limitMs?: number;
}

export interface HealthOptions {
  readonly ready: readonly ReadinessCheck[];
  /**
   * Returns why the process does not turn any more, and undefined while it does; when it does not, the orchestrator restarts
   * it. It must not ask another service: a Redis that is away is no reason to restart. Nor must it ask for work: a process
   * without any is well. Defaults to "it answers, so it lives".
   */
  readonly findStandstill?: () => string | undefined;
}

/**
 * A fastify plugin with two routes: `GET /livez` says whether to restart the process, `GET /readyz` whether to send it work.
 * Both answer 200 or 503; the body of `/readyz` names each check with "ok" or why not, without a secret.
 */
export const createHealthRoutes =
  ({ ready, findStandstill = () => undefined }: HealthOptions): FastifyPluginAsync =>
  async (server) => {
    server.get('/livez', async (_request, reply) => {
      const reason = findStandstill();
      return reply.code(reason === undefined ? 200 : 503).send({ live: reason === undefined, ...(reason === undefined ? {} : { reason }) });
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
