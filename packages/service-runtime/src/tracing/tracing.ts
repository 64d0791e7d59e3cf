import type { Logger } from '../logging/logger.ts';
import type { ImageSpan } from './image-span.ts';

/** Writes spans. Never throws, and never waits for the collector. */
export interface Tracing {
  write(span: ImageSpan): void;
  /** Sends what is left, for a second at most. */
  stop(): Promise<void>;
}

export interface TracingOptions {
  /** Name of the process. */
  readonly process: string;
  /** Address of an OTLP collector over HTTP, without `/v1/traces`; undefined: nothing is traced, and no library is loaded. */
  readonly endpoint: string | undefined;
  readonly logger: Logger;
}

/** Longest wait of a stop for the collector. */
const LAST_SPANS_MS = 1000;

/** Creates the tracing of a process; undefined while it is switched off. The libraries of OpenTelemetry are loaded only if it is on. */
export function createTracing({ process, endpoint, logger }: TracingOptions): Tracing | undefined {
  if (endpoint === undefined) return undefined;
  const loaded = import('./otlp-writer.ts').then(({ createOtlpWriter }) => createOtlpWriter({ process, endpoint }));
  loaded.catch((error: unknown) =>
    logger.error({ event: 'traces.off', err: error }, 'the libraries of OpenTelemetry cannot be loaded; nothing is traced'),
  );
  return {
    write: (span) => void loaded.then((writer) => writer.write(span)).catch(() => undefined),
    async stop() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, LAST_SPANS_MS);
      });
      await Promise.race([late, loaded.then((writer) => writer.close()).catch(() => undefined)]);
      clearTimeout(timer);
    },
  };
}
