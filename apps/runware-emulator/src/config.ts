import { ConfigError, type Problem } from '@darkroom/contracts';
import { z } from 'zod';
import { parseFaults } from './faults/parse-faults.ts';
import { changedFaults, type FaultsInput } from './faults/schema.ts';

/** The settings of one emulator. */
export interface EmulatorConfig {
  /** What to listen on. */
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** The one key that is accepted. */
  apiKey: string;
  /** Everything that is left to chance follows from it. */
  seed: string;
  /** Where `bill.jsonl` and `state.jsonl` are kept; made if it is missing. */
  directory: string;
  /** The address in every `imageURL`, if others reach the emulator under another one than it listens on. */
  publicUrl?: string;
  /** Switches that differ from their defaults. */
  faults: FaultsInput;
}

const text = (fallback: string) => z.string().min(1).default(fallback);

const environmentSchema = z.object({
  HOST: text('127.0.0.1'),
  PORT: z.coerce.number().int('must be a whole number').min(0).max(65_535).default(8787),
  EMULATOR_API_KEY: text('emulator'),
  EMULATOR_SEED: text('1'),
  EMULATOR_DIR: text('.local/runware-emulator'),
  EMULATOR_PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  FAULTS: z.string().optional(),
});

/**
 * Reads the settings from the environment; an empty value counts as missing.
 * @throws ConfigError with everything that is wrong.
 */
export function loadConfig(environment: Readonly<Record<string, string | undefined>>): EmulatorConfig {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = environmentSchema.safeParse(given);
  const problems: Problem[] = parsed.success ? [] : parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  const faults = readFaults(given['FAULTS'], problems);
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  const {
    HOST: host,
    PORT: port,
    EMULATOR_API_KEY: apiKey,
    EMULATOR_SEED: seed,
    EMULATOR_DIR: directory,
    EMULATOR_PUBLIC_URL: publicUrl,
  } = parsed.data;
  return { host, port, apiKey, seed, directory, ...(publicUrl !== undefined && { publicUrl: publicUrl.replace(/\/+$/, '') }), faults };
}

function readFaults(json: string | undefined, problems: Problem[]): FaultsInput {
  try {
    return changedFaults(parseFaults(JSON.parse(json ?? '{}')));
  } catch (error) {
    if (error instanceof ConfigError) problems.push(...error.problems);
    else problems.push({ path: 'FAULTS', message: 'must be a JSON object of switches, such as {"uploadNeverRate":0.1}' });
    return {};
  }
}
