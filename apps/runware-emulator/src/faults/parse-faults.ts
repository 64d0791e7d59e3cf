import { ConfigError } from '@darkroom/contracts';
import { faultsSchema, type Faults } from './schema.ts';

/**
 * Parses switches; those not named get their defaults.
 * @throws ConfigError with all unknown switches and wrong values.
 */
export function parseFaults(input: unknown): Faults {
  const parsed = faultsSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new ConfigError(
    parsed.error.issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => ({ path: `FAULTS.${key}`, message: 'there is no such switch' }))
        : [{ path: ['FAULTS', ...issue.path].join('.'), message: issue.message }],
    ),
    { cause: parsed.error },
  );
}
