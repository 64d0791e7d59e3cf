import { z } from 'zod';
import { webAddress } from './variables.ts';

/** `OTEL_EXPORTER_OTLP_ENDPOINT` switches traces on. The exporter reads `OTEL_EXPORTER_OTLP_HEADERS` by itself. */
export const tracingSettings = z
  .object({ OTEL_EXPORTER_OTLP_ENDPOINT: webAddress().optional() })
  .transform((env) => ({ endpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT }));
