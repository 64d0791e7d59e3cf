import type { FastifyPluginAsync } from 'fastify';

/** One thing that must work before traffic or jobs are taken. */
export interface ReadinessCheck {
  readonly name: string;
  /** Rejects, or does not end in time, when it does not work. */
  check(signal: AbortSignal): Promise<unknown>;
  /** Defaults to 1000 milliseconds. */
  readonly limitMs?: number;
}

export interface HealthOptions {
  readonly ready: readonly ReadinessCheck[];
  /**
   * Says whether the process still gets on with its work; when it does not, the orchestrator restarts it. It must not ask
   * another service: a Redis that is away is no reason to restart. Defaults to "it answers, so it lives".
   */
  readonly isLive?: () => boolean;
}

/**
 * A fastify plugin with two routes: `GET /livez` says whether to restart the process, `GET /readyz` whether to send it work.
 * Both answer 200 or 503; the body of `/readyz` names each check and how it ended, and nothing more.
 */
export const createHealthRoutes =
  ({ ready, isLive = () => true }: HealthOptions): FastifyPluginAsync =>
  async (server) => {
    server.get('/livez', async (_request, reply) => {
      const live = isLive();
      return reply.code(live ? 200 : 503).send({ live });
    });
    server.get('/readyz', async (_request, reply) => {
      const checks = Object.fromEntries(await Promise.all(ready.map(async (each) => [each.name, await outcomeOf(each)] as const)));
      const isReady = Object.values(checks).every((outcome) => outcome === 'ok');
      return reply.code(isReady ? 200 : 503).send({ ready: isReady, checks });
    });
  };

async function outcomeOf({ check, limitMs = 1000 }: ReadinessCheck): Promise<'ok' | 'failed' | 'timeout'> {
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'timeout'>((resolve) => {
    timer = setTimeout(() => resolve('timeout'), limitMs);
  });
  try {
    // A check that throws before it returns a promise has failed like any other.
    const checked = Promise.resolve()
      .then(() => check(abort.signal))
      .then(
        () => 'ok' as const,
        () => 'failed' as const,
      );
    return await Promise.race([checked, late]);
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
}
