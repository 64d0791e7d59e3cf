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

const portRule = 'must be a whole number from 0 to 65535';

const environmentSchema = z.object({
  HOST: z.string().default('127.0.0.1').describe('What to listen on.'),
  PORT: z.coerce
    .number({ error: portRule })
    .int(portRule)
    .min(0, portRule)
    .max(65_535, portRule)
    .default(8787)
    .describe('0 takes a free one.'),
  EMULATOR_API_KEY: z.string().default('emulator').describe('The one API key that is accepted.'),
  EMULATOR_SEED: z
    .string()
    .default('1')
    .describe('Everything that is left to chance follows from it, the taskUUID and a purpose: times, seeds, faults, jitter.'),
  EMULATOR_DIR: z.string().default('.local/runware-emulator').describe('Where `bill.jsonl` and `state.jsonl` are kept.'),
  EMULATOR_PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('The start of every `imageURL`; the address it listens on if it is left out.'),
  FAULTS: z.string().default('{}').describe('Switches as JSON, such as `{"uploadNeverRate":0.1}`.'),
});

/** The settings as Markdown, for README.md and `--help`. */
export function describeSettings(): string {
  const defaults = new Map(Object.entries(environmentSchema.parse({})));
  const rows = Object.entries(environmentSchema.shape).map(([name, { description }]) => {
    const fallback = defaults.get(name);
    return `| \`${name}\` | ${fallback === undefined ? '' : `\`${String(fallback)}\``} | ${description} |`;
  });
  return ['| variable | default | does |', '| --- | --- | --- |', ...rows].join('\n');
}

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
