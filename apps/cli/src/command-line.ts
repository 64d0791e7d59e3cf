import path from 'node:path';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import {
  canReadUrl,
  capNames,
  capWords,
  defined,
  findMeant,
  isGenerationId,
  isTenant,
  MAX_OPEN_IMAGES,
  MAX_RELEASE_REASON,
  MAX_RETAIN_DAYS,
  MAX_TASKS_AT_PROVIDER,
  MAX_TENANT_WEIGHT,
  parseRef,
  parseUsd,
  TENANT_RULE,
  type CapName,
  type FleetLimitsChange,
  type NanoUsd,
  type SubmissionRef,
  type TenantRulesChange,
} from '@darkroom/contracts';
import { pauseKinds, type PauseKind } from '@darkroom/generation-store';
import { decisions, type Decision } from '@darkroom/purchase';
import type { CapsChange } from '@darkroom/recovery';
import { helpText } from './help-text.ts';

/** Sources of the embedded Redis: a server on PATH, a private copy from Debian's packages, or one in JavaScript that keeps nothing. */
export const redisChoices = ['binary', 'deb', 'js'] as const;
export type RedisChoice = (typeof redisChoices)[number];

/** A parsed command line. Without `dataDir` a command uses the data folder that `npm start` uses. */
export type Command =
  | { kind: 'start'; once: boolean; buy: boolean; maxNanoUsd?: NanoUsd; dataDir?: string; redis?: RedisChoice }
  | { kind: 'status'; dataDir?: string }
  | { kind: 'spend'; tenant?: string; dataDir?: string }
  /** Shows the spend caps, or changes the named ones. */
  | { kind: 'caps'; change: CapsChange; dataDir?: string }
  /** Shows the limits of the fleet, or changes the named ones. */
  | { kind: 'limits'; change: FleetLimitsChange; dataDir?: string }
  /** Shows the rules of a tenant, or changes the named ones. */
  | { kind: 'tenant'; tenant: string; change: TenantRulesChange; dataDir?: string }
  /** Lets a withheld image be seen; without a reason tells where it lies. */
  | { kind: 'release'; generationId: string; index: number; reason?: string; dataDir?: string }
  /** Lists the unknown outcomes, or ends the hold of one. */
  | { kind: 'unknown'; release?: SubmissionRef; decision?: Decision; dataDir?: string }
  | { kind: 'doctor' | 'reconcile'; dataDir?: string }
  | { kind: 'pause'; reason: string; dataDir?: string }
  | { kind: 'rebuild'; days: number; skipDamaged: boolean; dataDir?: string }
  | { kind: 'resume'; kinds: readonly PauseKind[]; dataDir?: string }
  | { kind: 'probe'; maxNanoUsd: NanoUsd; waitMs: number; catcherUrl?: string; catcherPort: number; out?: string }
  | { kind: 'help' }
  /** A wrong command line; the message says what is wrong and what is allowed. */
  | { kind: 'wrong'; message: string };

/** Days of generations that the ledger needs in full: one month, and the days before it in which orders for later (`runAt`) came in. */
const REBUILT_DAYS = 35;

/** Longest reason of a pause, in characters: Redis and S3 keep it, and each status shows it. */
const MAX_REASON = 500;

/** Carries the message about a wrong value to `parseCommandLine`; never leaves this file. */
class WrongWords extends Error {}

type Value = string | boolean | undefined;
type Values = Readonly<Record<string, Value>>;
interface Reading {
  options: NonNullable<ParseArgsConfig['options']>;
  /** Names of the values that stand without an option, in their order; `read` gets them by these names. */
  places?: readonly string[];
  read(values: Values, dataDir: { dataDir?: string }): Command;
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const dataDirOption = { 'data-dir': text };

const readings: Readonly<Record<Exclude<Command['kind'], 'help' | 'wrong'>, Reading>> = {
  start: {
    options: { once: flag, buy: flag, 'max-usd': text, redis: text, ...dataDirOption },
    read: (values, dataDir) => {
      const redis = readChoice('--redis', redisChoices, values['redis']);
      const maxNanoUsd = readUsd(values['max-usd']);
      return {
        kind: 'start',
        once: values['once'] === true,
        buy: values['buy'] === true,
        ...defined({ maxNanoUsd, redis }),
        ...dataDir,
      };
    },
  },
  status: { options: dataDirOption, read: (_, dataDir) => ({ kind: 'status', ...dataDir }) },
  spend: {
    options: { tenant: text, ...dataDirOption },
    read: ({ tenant }, dataDir) => {
      if (tenant !== undefined && !isTenant(tenant)) throw new WrongWords(`--tenant must be ${TENANT_RULE}`);
      return { kind: 'spend', ...defined({ tenant }), ...dataDir };
    },
  },
  caps: {
    options: { ...Object.fromEntries(capNames.map((name) => [capWords[name].option, text])), ...dataDirOption },
    read: (values, dataDir) => ({ kind: 'caps', change: readCaps(values), ...dataDir }),
  },
  limits: {
    options: { tasks: text, 'open-images': text, 'open-images-per-tenant': text, ...dataDirOption },
    read: (values, dataDir) => {
      const open = { min: 1, max: MAX_OPEN_IMAGES, canBeNone: true };
      const change = readAll<FleetLimitsChange>('no limit was changed', {
        tasksAtProvider: () => readBound('--tasks', values['tasks'], { min: 1, max: MAX_TASKS_AT_PROVIDER, canBeNone: false }),
        openImages: () => readBound('--open-images', values['open-images'], open),
        openImagesPerTenant: () => readBound('--open-images-per-tenant', values['open-images-per-tenant'], open),
      });
      return { kind: 'limits', change, ...dataDir };
    },
  },
  tenant: {
    options: {
      'require-safety-check': text,
      'withhold-flagged': text,
      weight: text,
      'retain-requests-days': text,
      'retain-images-days': text,
      ...dataDirOption,
    },
    places: ['tenant'],
    read: (values, dataDir) => {
      const { tenant } = values;
      if (!isTenant(tenant)) throw new WrongWords(`tenant takes the name of a tenant, which must be ${TENANT_RULE}`);
      const days = { min: 1, max: MAX_RETAIN_DAYS, canBeNone: true };
      const change = readAll<TenantRulesChange>('no rule was changed', {
        requireSafetyCheck: () => readSwitch('--require-safety-check', values['require-safety-check']),
        withholdFlagged: () => readSwitch('--withhold-flagged', values['withhold-flagged']),
        weight: () => readBound('--weight', values['weight'], { min: 1, max: MAX_TENANT_WEIGHT, canBeNone: false }),
        retainRequestsDays: () => readBound('--retain-requests-days', values['retain-requests-days'], days),
        retainImagesDays: () => readBound('--retain-images-days', values['retain-images-days'], days),
      });
      return { kind: 'tenant', tenant, change, ...dataDir };
    },
  },
  release: {
    options: { reason: text, ...dataDirOption },
    places: ['generationId', 'index'],
    read: ({ generationId, index, reason }, dataDir) => {
      const problems: string[] = [];
      if (typeof generationId !== 'string' || !isGenerationId(generationId)) problems.push('<generationId> must be the id of a generation');
      if (!/^\d{1,2}$/.test(String(index))) problems.push('<index> must be the index of an image in it, from 0');
      const words = reason === undefined ? undefined : String(reason).trim();
      if (words !== undefined && words.length > MAX_RELEASE_REASON)
        problems.push(`--reason may have at most ${MAX_RELEASE_REASON} characters, got ${words.length}`);
      if (problems.length > 0) throw new WrongWords(problems.join('\n'));
      return { kind: 'release', generationId: String(generationId), index: Number(index), ...defined({ reason: words }), ...dataDir };
    },
  },
  doctor: { options: dataDirOption, read: (_, dataDir) => ({ kind: 'doctor', ...dataDir }) },
  unknown: {
    options: { release: text, charged: flag, free: flag, ...dataDirOption },
    read: (values, dataDir) => {
      const { release } = values;
      const chosen = decisions.filter((decision) => values[decision] === true);
      const [decision] = chosen;
      if (release === undefined && decision === undefined) return { kind: 'unknown', ...dataDir };
      const ref = parseRef(String(release));
      if (ref === undefined)
        throw new WrongWords(`--release must be a submission as unknown lists it, such as <generationId>/0-1, got ${shown(release)}`);
      if (decision === undefined || chosen.length > 1)
        throw new WrongWords('--release needs --charged, if the provider charged for it, or --free, if it did not');
      return { kind: 'unknown', release: ref, decision, ...dataDir };
    },
  },
  reconcile: { options: dataDirOption, read: (_, dataDir) => ({ kind: 'reconcile', ...dataDir }) },
  pause: {
    options: { reason: text, ...dataDirOption },
    read: ({ reason = 'by an operator' }, dataDir) => {
      const words = String(reason);
      if (words.length > MAX_REASON) throw new WrongWords(`--reason may have at most ${MAX_REASON} characters, got ${words.length}`);
      return { kind: 'pause', reason: words, ...dataDir };
    },
  },
  resume: {
    options: { kind: text, ...dataDirOption },
    read: ({ kind }, dataDir) => {
      const only = readChoice('--kind', pauseKinds, kind);
      return { kind: 'resume', kinds: only === undefined ? pauseKinds : [only], ...dataDir };
    },
  },
  rebuild: {
    options: { days: text, 'skip-corrupt': flag, ...dataDirOption },
    read: ({ days, 'skip-corrupt': skipDamaged }, dataDir) => ({
      kind: 'rebuild',
      days: days === undefined ? REBUILT_DAYS : readWhole('--days', days, 1, 3650),
      skipDamaged: skipDamaged === true,
      ...dataDir,
    }),
  },
  probe: {
    options: { 'max-usd': text, wait: text, catcher: text, 'catcher-port': text, out: text },
    read: (values) => {
      const maxNanoUsd = readUsd(values['max-usd']);
      if (maxNanoUsd === undefined)
        throw new WrongWords('probe spends money at the provider: name the most that it may spend, such as --max-usd 0.50');
      const { catcher: catcherUrl, out } = values;
      return {
        kind: 'probe',
        maxNanoUsd,
        waitMs: 1000 * readWhole('--wait', values['wait'], 0, 86_400),
        catcherPort: readWhole('--catcher-port', values['catcher-port'], 0, 65_535),
        ...defined({
          catcherUrl: typeof catcherUrl === 'string' ? readUrl('--catcher', catcherUrl) : undefined,
          out: typeof out === 'string' ? path.resolve(out) : undefined,
        }),
      };
    },
  },
};

/** Parses the arguments after the name of the program. */
export function parseCommandLine(words: readonly string[]): Command {
  const [name = 'help', ...rest] = words;
  if (words.some((word) => ['help', '--help', '-h'].includes(word)) || words.length === 0) return { kind: 'help' };
  const reading = Object.entries(readings).find(([kind]) => kind === name)?.[1];
  if (reading === undefined) {
    const names = [...Object.keys(readings), 'help'];
    return wrong(`there is no command ${shown(name)}${didYouMean(findMeant(name, names))}; there are: ${names.join(', ')}`);
  }
  try {
    const { values, positionals, tokens } = parseArgs({ args: rest, options: reading.options, allowPositionals: true, tokens: true });
    const problem = findOptionProblem(name, tokens);
    if (problem !== undefined) return wrong(problem);
    const { places = [] } = reading;
    if (positionals.length > places.length) return wrong(`${name} takes ${wordsOfPlaces(places)}, got ${shown(positionals.join(' '))}`);
    const placed = Object.fromEntries(places.map((place, at) => [place, positionals[at]]));
    // no option is `multiple`, so no value is a list
    const given = { ...(values as Values), ...placed };
    const dataDir = given['data-dir'];
    return reading.read(given, typeof dataDir === 'string' ? { dataDir: path.resolve(dataDir) } : {});
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION')
      return wrong(describeUnknownOption(name, error.message, Object.keys(reading.options)));
    // The message of parseArgs names the option and, if it takes a value, how to write it.
    return wrong(error instanceof Error ? error.message.replace(/^./, (letter) => letter.toLowerCase()) : String(error));
  }
}

const wordsOfPlaces = (places: readonly string[]): string =>
  places.length === 0 ? 'no arguments' : places.map((place) => `<${place}>`).join(' ');

interface OptionToken {
  readonly kind: string;
  readonly name?: string;
  readonly value?: string | undefined;
}

/** Finds an option that is given twice, of which one value would be ignored, or one with an empty value. */
function findOptionProblem(command: string, tokens: readonly OptionToken[]): string | undefined {
  const seen = new Set<string>();
  for (const { kind, name, value } of tokens) {
    if (kind !== 'option' || name === undefined) continue;
    if (seen.has(name)) return `${command} takes --${name} once, and it is given twice`;
    seen.add(name);
    if (value?.trim() === '') return `--${name} must have a value, and it is empty`;
  }
  return undefined;
}

/** Longest part of a typed value that a message repeats, in characters. */
const MAX_SHOWN = 40;

/** Quotes what the user typed, unless it may be an address: an address may hold a password. */
const shown = (typed: Value): string => {
  const words = String(typed);
  return /:\/\/|@/.test(words) ? 'a value that may be an address and is not repeated' : `"${words.slice(0, MAX_SHOWN)}"`;
};

const didYouMean = (meant: string | undefined, dashes = ''): string => (meant === undefined ? '' : ` (did you mean "${dashes}${meant}"?)`);

/** @param message Node's message, which names the option: "Unknown option '--twice'. …" (Node docs, util.parseArgs). */
function describeUnknownOption(command: string, message: string, known: readonly string[]): string {
  const given = /'(-[^']*)'/.exec(message)?.[1] ?? '';
  const hint = didYouMean(findOption(given.replace(/^-+/, ''), known), '--');
  return `${command} has no option ${shown(given)}${hint}; it has ${known.map((name) => `--${name}`).join(', ')}`;
}

/** Guesses an option from the names that settings and other programs use for it: `--daily-cap-usd` is `--day`. */
const findOption = (given: string, known: readonly string[]): string | undefined =>
  findMeant(given, known) ??
  findMeant(
    given
      .replace('daily', 'day')
      .replace('monthly', 'month')
      .replaceAll(/-?(cap|usd|limit)\b/g, ''),
    known,
  );

const wrong = (message: string): Command => ({ kind: 'wrong', message: `${message}\n\n${helpText}` });

function readChoice<const Choice extends string>(option: string, choices: readonly Choice[], value: Value): Choice | undefined {
  const choice = choices.find((each) => each === value);
  if (value !== undefined && choice === undefined)
    throw new WrongWords(`${option} must be one of ${choices.join(', ')}, got ${shown(value)}`);
  return choice;
}

/** @returns true for "on", null for "off". */
function readSwitch(option: string, value: Value): true | null | undefined {
  const choice = readChoice(option, ['on', 'off'], value);
  return choice === undefined ? undefined : choice === 'on' || null;
}

/** @returns null for "none". */
function readBound(
  option: string,
  value: Value,
  { min, max, canBeNone }: { min: number; max: number; canBeNone: boolean },
): number | null | undefined {
  if (value === undefined) return undefined;
  if (canBeNone && value === 'none') return null;
  const number = Number(value);
  if (Number.isInteger(number) && number >= min && number <= max) return number;
  throw new WrongWords(`${option} must be a whole number from ${min} to ${max}${canBeNone ? ', or none' : ''}, got ${shown(value)}`);
}

/** Reads several values, and reports all wrong ones at once. */
function readAll<Change extends object>(consequence: string, readers: { [Name in keyof Change]: () => Change[Name] | undefined }): Change {
  const problems: string[] = [];
  const change: Record<string, unknown> = {};
  for (const [name, read] of Object.entries<() => unknown>(readers)) {
    try {
      const value = read();
      if (value !== undefined) change[name] = value;
    } catch (error) {
      if (!(error instanceof WrongWords)) throw error;
      problems.push(error.message);
    }
  }
  if (problems.length > 0) throw new WrongWords(`${problems.join('\n')}\n${consequence}`);
  return change as Change; // each reader returns the type of its own field
}

function readUsd(value: Value): NanoUsd | undefined {
  if (value === undefined) return undefined;
  try {
    const amount = parseUsd(String(value));
    if (amount > 0) return amount;
  } catch {
    // refused below
  }
  throw new WrongWords(`--max-usd must be an amount of US dollars such as 1 or 0.50, above 0, got ${shown(value)}`);
}

/** Reads the named caps, and reports all wrong values at once. */
function readCaps(values: Values): CapsChange {
  const problems: string[] = [];
  const change: CapsChange = {};
  for (const name of capNames) {
    const value = values[capWords[name].option];
    const cap = value === undefined ? undefined : readCap(name, String(value).trim());
    if (typeof cap === 'string') problems.push(cap);
    else if (cap !== undefined) change[name] = cap;
  }
  if (problems.length > 0) throw new WrongWords(`${problems.join('\n')}\nno cap was changed`);
  return change;
}

/** @returns the cap, null for none, or a message if the value is wrong. */
function readCap(name: CapName, value: string): NanoUsd | null | string {
  const option = `--${capWords[name].option}`;
  const isDay = name === 'allPerDay';
  if (value === 'none') return isDay ? `${option} must be an amount: the cap of a day over all tenants is always on` : null;
  try {
    const amount = parseUsd(value);
    if (amount > 0) return amount;
  } catch {
    // refused below
  }
  return `${option} must be an amount of US dollars above 0, such as 25 or 12.50${isDay ? '' : ', or none'}, got ${shown(value)}`;
}

function readWhole(option: string, value: Value, min: number, max: number): number {
  if (value === undefined) return 0;
  const number = Number(value);
  if (Number.isInteger(number) && number >= min && number <= max) return number;
  throw new WrongWords(`${option} must be a whole number from ${min} to ${max}, got ${shown(value)}`);
}

function readUrl(option: string, value: string): string {
  if (canReadUrl(value) && /^https?:/.test(value)) return value.replace(/\/+$/, '');
  throw new WrongWords(`${option} must be a URL that starts with http:// or https://`);
}
