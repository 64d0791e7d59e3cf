import { format } from 'node:util';
import type { Logger } from './logger.ts';

const methods = ['log', 'info', 'debug', 'warn', 'error', 'trace'] as const;

/**
 * Turns all output of libraries and Node into lines of the logger, until it is released: `console` (BullMQ warns there), warnings of the
 * process (the AWS SDK, deprecations, listeners that leak) and uncaught errors, which still end the process with 1.
 * @param logger Returns the current logger.
 */
export function captureOutput(logger: () => Logger): () => void {
  const printed = Object.fromEntries(methods.map((method) => [method, console[method]]));
  for (const method of methods) {
    const level = method === 'warn' || method === 'trace' ? 'warn' : method === 'error' ? 'error' : 'info';
    console[method] = (...values: unknown[]) => logger()[level]({ source: 'console' }, format(...values));
  }
  const onWarning = (warning: Error & { code?: string }) =>
    logger().warn({ source: 'node', warning: warning.name, code: warning.code }, warning.message);
  const onUncaught = (error: unknown, origin: NodeJS.UncaughtExceptionOrigin) => {
    logger().error({ err: error, origin }, 'an error reached no caller; exiting');
    process.exit(1);
  };
  // Node's own listener prints the warning as text.
  const own = process.listeners('warning');
  process.removeAllListeners('warning');
  process.on('warning', onWarning);
  process.on('uncaughtException', onUncaught);
  return () => {
    Object.assign(console, printed);
    process.off('warning', onWarning);
    process.off('uncaughtException', onUncaught);
    for (const listener of own) process.on('warning', listener);
  };
}
