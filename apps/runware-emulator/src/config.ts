import { ConfigError, defined } from '@darkroom/contracts';
import {
  describeSettings as describeVariables,
  listenSettings,
  readSettings,
  text,
  webAddress,
  type Environment,
} from '@darkroom/service-runtime';
import { z } from 'zod';
import { parseFaults } from './faults/parse-faults.ts';
import { changedFaults, type FaultsInput } from './faults/schema.ts';

/** Settings of one emulator. */
export interface EmulatorConfig {
  /** Host to listen on. */
  host: string;
  /** Port to listen on; 0 is any free one. */
  port: number;
  /** The only accepted API key. */
  apiKey: string;
  /** Seed of all random draws. */
  seed: string;
  /** Folder of `bill.jsonl` and `state.jsonl`; created if it is missing. */
  directory: string;
  /** Start of every `imageURL`, if clients reach the emulator at another address than the one it listens on. */
  publicUrl?: string;
  /** Switches that differ from their defaults. */
  faults: FaultsInput;
}

const SWITCHES_RULE = 'a JSON object of switches, such as {"uploadNeverRate":0.1}';

const switches = text(SWITCHES_RULE)
  .default('{}')
  .transform((json, context): FaultsInput => {
    try {
      return changedFaults(parseFaults(JSON.parse(json)));
    } catch (error) {
      const problems = error instanceof ConfigError ? error.problems.map(({ path, message }) => `${path} ${message}`) : [];
      for (const message of problems.length > 0 ? problems : [`must be ${SWITCHES_RULE}`]) context.addIssue({ code: 'custom', message });
      return z.NEVER;
    }
  });

const schemas = {
  listen: listenSettings(8787),
  emulator: z.object({
    EMULATOR_API_KEY: text('an API key').default('emulator'),
    EMULATOR_SEED: text('any text').default('1'),
    EMULATOR_DIR: text('a folder').default('.local/runware-emulator'),
    EMULATOR_PUBLIC_URL: webAddress().optional(),
    FAULTS: switches,
  }),
};

/** Effect of each setting, for README.md and `--help`. */
const effects: Readonly<Record<string, string>> = {
  HOST: 'Host to listen on.',
  PORT: 'Port to listen on; 0 is any free one.',
  EMULATOR_API_KEY: 'The only accepted API key.',
  EMULATOR_SEED: 'Decides all random draws, with the taskUUID and the purpose of each: times, seeds, faults, jitter.',
  EMULATOR_DIR: 'Folder of `bill.jsonl` and `state.jsonl`.',
  EMULATOR_PUBLIC_URL: 'Start of every `imageURL`; if absent, the address that the emulator listens on.',
  FAULTS: 'Switches as JSON, such as `{"uploadNeverRate":0.1}`.',
};

/** Describes the settings as a Markdown table, for README.md and `--help`. */
export function describeSettings(): string {
  const rows = describeVariables(schemas).map(
    ({ name, default: fallback }) => `| \`${name}\` | ${fallback === undefined ? '' : `\`${fallback}\``} | ${effects[name] ?? ''} |`,
  );
  return ['| variable | default | does |', '| --- | --- | --- |', ...rows].join('\n');
}

/** Reads the settings of an emulator. @throws ConfigError with all problems. */
export function loadConfig(environment: Environment): EmulatorConfig {
  const { listen, emulator } = readSettings(schemas, environment);
  const {
    EMULATOR_API_KEY: apiKey,
    EMULATOR_SEED: seed,
    EMULATOR_DIR: directory,
    EMULATOR_PUBLIC_URL: publicUrl,
    FAULTS: faults,
  } = emulator;
  return { ...listen, apiKey, seed, directory, ...defined({ publicUrl: publicUrl?.replace(/\/+$/, '') }), faults };
}
