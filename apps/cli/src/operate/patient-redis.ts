import { LocalStackError } from '@darkroom/contracts';
import { createClosing, type Closing } from '@darkroom/local-stack';
import { atMost } from '@darkroom/service-runtime';
import { CLOSE_LIMIT_MS, connectRedis, type FoundRedis, type OperationsOptions } from './connect-redis.ts';

/** Longest wait for a Redis that went away: a restart or a failover takes seconds. */
const GONE_MS = 20_000;

/**
 * Runs long work with a Redis that may be away for moments, and fails if Redis stays away.
 * @param stop Ends the work early.
 * @param work Registers how to close what it opens, which happens at the end in reverse order, and gets a signal that ends it: `stop` was
 * aborted, or Redis stayed away.
 * @throws errors of `connectRedis` and of the work; LocalStackError if Redis stayed away.
 */
export async function withPatientRedis<Value>(
  options: OperationsOptions,
  stop: AbortSignal,
  work: (found: FoundRedis, closing: Pick<Closing, 'add'>, signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const found = await connectRedis(options, true);
  const closing = createClosing();
  closing.add(() => found.redis.disconnect());
  const loss = watchLoss(found, options.goneMs ?? GONE_MS);
  const left = new AbortController();
  try {
    const limited: Pick<Closing, 'add'> = { add: (close) => closing.add((hurry) => atMost(CLOSE_LIMIT_MS, close(hurry))) };
    return await Promise.race([work(found, limited, AbortSignal.any([stop, left.signal])), loss.lost]);
  } finally {
    left.abort();
    loss.stop();
    // a failure to close changes nothing: the command ends with the result or the error of its work
    await closing.closeAll(AbortSignal.abort());
  }
}

/** Returns a promise that rejects when Redis has been away for longer than `limitMs`. */
function watchLoss({ redis, where }: FoundRedis, limitMs: number): { lost: Promise<never>; stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  let fail: (error: Error) => void;
  const lost = new Promise<never>((_resolve, reject) => (fail = reject));
  lost.catch(() => undefined); // the work may end first
  const onClose = (): void => {
    timer ??= setTimeout(
      () =>
        fail(
          new LocalStackError(
            `${where} went away, and stayed away for ${limitMs / 1000} s; its changes so far stay, and the same command can be run again`,
          ),
        ),
      limitMs,
    );
  };
  const onReady = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };
  redis.on('close', onClose).on('ready', onReady);
  if (redis.status !== 'ready') onClose();
  return {
    lost,
    stop() {
      onReady();
      redis.off('close', onClose).off('ready', onReady);
    },
  };
}
