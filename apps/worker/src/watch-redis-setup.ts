import { examineRedis, type ExaminedRedis, type RedisShortcoming } from '@darkroom/generation-store';
import { silentLogger, watchDependency, type DependencyWatch, type Logger } from '@darkroom/service-runtime';

/** Watches the setup of Redis. A setup that Darkroom cannot run on makes the worker unready; each shortcoming is logged once. */
export function watchRedisSetup(redis: ExaminedRedis, { logger, now }: { logger: Logger; now: () => number }): DependencyWatch {
  let told = '';
  const tell = (shortcomings: readonly RedisShortcoming[]): void => {
    const kinds = shortcomings.map(({ kind }) => kind).join(' ');
    if (kinds === told) return;
    told = kinds;
    for (const { kind, isUnfit, text } of shortcomings)
      logger[isUnfit ? 'error' : 'warn'](
        { event: 'redis.setup', kind, cure: text },
        isUnfit ? 'redis is unfit' : 'redis has a shortcoming',
      );
    if (kinds === '') logger.info({ event: 'redis.setup' }, 'redis is set up as it should be');
  };
  return watchDependency(
    {
      name: 'redis-setup',
      everyMs: 60_000,
      retryMs: 5000,
      async look() {
        const shortcomings = await examineRedis(redis);
        tell(shortcomings);
        const unfit = shortcomings.filter(({ isUnfit }) => isUnfit).map(({ text }) => text);
        if (unfit.length > 0) throw new Error(unfit.join('; '));
      },
    },
    // The watch of the connection logs a Redis that is away.
    { logger: silentLogger, now },
  );
}
