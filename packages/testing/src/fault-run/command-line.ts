import { parseArgs } from 'node:util';
import { defined } from '@darkroom/contracts';
import { scenarios } from './scenarios.ts';
import { forgetModes, usualFaults, type FaultRunSettings } from './settings.ts';

export type FaultCommand =
  | { kind: 'run'; settings: FaultRunSettings; verbose: boolean; keep: boolean; proof: boolean }
  | { kind: 'help' }
  /** Thrown with a message that says what is wrong and what is allowed. */
  | { kind: 'wrong'; message: string };

export const helpText = `npm run faults -- [options]

Runs a whole Darkroom on this machine, kills, freezes and cuts off its parts while orders arrive, and compares the result with
the bill of the provider. Prints a table and one line of JSON. Exits with 1 unless no image is lost, paid twice, stuck or
wrongly failed, the ledger agrees with the bill, and no spend cap is crossed. A run counts as proof if at least 70 % of its
images came by upload, fewer than 0.5 % are unproven, and all faults of its schedule struck; otherwise it says why not.

  --generations N   number of orders (200)
  --seed S          all random choices except ids follow from it (1)
  --kills N         SIGKILLs of workers, receivers, emulator and S3 (one for 40 generations)
  --redis-kills N   kill -9 of Redis (one for 600 generations)
  --rollbacks N     Redis goes back to an earlier moment (one for 800 generations)
  --rollbacks-after-429 N  Redis goes back to a moment before a 429 (one for 2,000 generations)
  --failovers N     of each kind: failover with open connections, silent connections, full Redis (one for 800 generations)
  --workers N       (2)
  --receivers N     (2)
  --rate N          orders a second, while few enough are open (20)
  --scale X         multiplies every wait; above 1 for a slow or busy machine (1)
  --forget WHEN     the provider forgets ids it accepted: after-window | inside-window
  --switches JSON   switches of the emulator instead of random ones, such as '{"rejectionConsumesId":true}'
  --scenario NAME   settings of a known situation; other options change them:
${Object.entries(scenarios)
  .map(([name, { does }]) => `                    ${name}: ${does}`)
  .join('\n')}
  --proof           exit code 1 also for a run that does not count as proof
  --keep            keeps the folder of the run even without findings
  --verbose         prints the schedule, and each fault as it strikes`;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

/** Parses the words after the name of the program. */
export function parseCommandLine(words: readonly string[]): FaultCommand {
  if (words.includes('--help') || words.includes('-h')) return { kind: 'help' };
  try {
    const { values, tokens } = parseArgs({
      args: [...words],
      tokens: true,
      options: {
        generations: text,
        seed: text,
        kills: text,
        'redis-kills': text,
        rollbacks: text,
        'rollbacks-after-429': text,
        failovers: text,
        switches: text,
        scenario: text,
        proof: flag,
        workers: text,
        receivers: text,
        rate: text,
        scale: text,
        forget: text,
        keep: flag,
        verbose: flag,
      },
    });
    const names = tokens.flatMap((token) => (token.kind === 'option' ? [token.rawName] : []));
    const twice = names.find((name, at) => names.indexOf(name) < at);
    if (twice !== undefined) throw new RangeError(`${twice} was given twice`);
    const whole = (name: keyof typeof values, usual: number, min: number): number => readNumber(name, values[name], usual, min, true);
    const { scenario } = values;
    const given = scenario === undefined ? undefined : Object.hasOwn(scenarios, scenario) ? scenarios[scenario]?.settings : undefined;
    if (scenario !== undefined && given === undefined)
      throw new RangeError(`--scenario must be one of ${Object.keys(scenarios).join(', ')}, got "${scenario}"`);
    const generations = whole('generations', given?.generations ?? 200, 1);
    const usual = { ...usualFaults(generations), ...given };
    const switches = { ...given?.switches, ...readSwitches(values.switches) };
    const forget = forgetModes.find((mode) => mode === values.forget);
    if (values.forget !== undefined && forget === undefined) throw new RangeError(`--forget must be one of ${forgetModes.join(', ')}`);
    return {
      kind: 'run',
      verbose: values.verbose === true,
      keep: values.keep === true,
      proof: values.proof === true,
      settings: {
        generations,
        seed: whole('seed', usual.seed ?? 1, 0),
        workers: whole('workers', 2, 1),
        receivers: whole('receivers', 2, 1),
        ordersPerSecond: readNumber('rate', values.rate, usual.ordersPerSecond ?? 20, 0.1, false),
        scale: readNumber('scale', values.scale, 1, 0.5, false),
        kills: whole('kills', usual.kills, 0),
        redisKills: whole('redis-kills', usual.redisKills, 0),
        rollbacks: whole('rollbacks', usual.rollbacks, 0),
        rollbacksAfter429: whole('rollbacks-after-429', usual.rollbacksAfter429, 0),
        failovers: whole('failovers', usual.failovers, 0),
        ...(Object.keys(switches).length === 0 ? {} : { switches }),
        ...defined({
          rollback: usual.rollback,
          reconcileEveryMs: usual.reconcileEveryMs,
          slowCallers: usual.slowCallers,
          damaged: usual.damaged,
          scenario,
          forget,
        }),
      },
    };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { kind: 'wrong', message: `${message.replace(/^./, (letter) => letter.toLowerCase())}\n\n${helpText}` };
  }
}

/** Parses the switches. The emulator checks their names and values, and refuses unknown ones. */
function readSwitches(json: string | undefined): Record<string, unknown> {
  if (json === undefined) return {};
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    value = undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RangeError(`--switches must be a JSON object, got "${json}"`);
  return { ...value };
}

function readNumber(name: string, given: string | boolean | undefined, usual: number, min: number, isWhole: boolean): number {
  if (given === undefined) return usual;
  const number = Number(given);
  if (Number.isFinite(number) && number >= min && (!isWhole || Number.isInteger(number))) return number;
  throw new RangeError(`--${name} must be a ${isWhole ? 'whole ' : ''}number and at least ${min}, got "${String(given)}"`);
}
