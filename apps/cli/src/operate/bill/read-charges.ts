import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { InvalidRequestError, parseUsd, ProblemList, type NanoUsd } from '@darkroom/contracts';

/** A charge of the provider. */
export interface Charge {
  taskUUID: string;
  costNanoUsd: NanoUsd;
}

/** Names of columns and fields, without case and marks. Runware's own export is not known yet (docs/runware.md). */
const names = {
  task: ['taskuuid', 'taskid', 'task', 'uuid'],
  cost: ['costusd', 'cost', 'price', 'amount', 'charge', 'amountusd', 'priceusd'],
  at: ['at', 'date', 'time', 'timestamp', 'createdat', 'datetime'],
};
const plain = (name: string): string => name.toLowerCase().replaceAll(/[^a-z]/g, '');

/**
 * Reads the charges of a month from an exported file, a line at a time: JSON lines, or a table with commas, semicolons or tabs whose first line
 * names its columns. A line without a cost, or with a cost of 0, is no charge; one of another month is left out, if the file tells the time.
 * @param month Such as "2026-11", in UTC.
 * @throws InvalidRequestError with the problems of all lines, or if the file cannot be read
 */
export async function* readCharges(file: string, month: string): AsyncGenerator<Charge, void, undefined> {
  const problems = new ProblemList();
  let table: Table | undefined;
  let at = 0;
  const lines = createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY });
  try {
    for await (const line of lines) {
      at += 1;
      const text = at === 1 ? line.replace(/^\uFEFF/, '') : line;
      if (text.trim() === '') continue;
      if (at === 1 && !text.trimStart().startsWith('{')) {
        table = readHeader(text);
        if (table !== undefined) continue;
        problems.push({
          path: 'line 1',
          message: `must be JSON, or name a column for the task (${names.task[0]}) and one for the cost (${names.cost.slice(0, 2).join(' or ')})`,
        });
        break;
      }
      const fields = table === undefined ? readJson(text) : readRow(text, table);
      const charge = fields === undefined ? 'must be a JSON object' : chargeOf(fields, month);
      if (typeof charge === 'string') problems.push({ path: `line ${at}`, message: charge });
      else if (charge !== undefined && problems.count === 0) yield charge;
    }
  } catch (error) {
    throw new InvalidRequestError([{ path: '--file', message: 'must be a file that can be read', given: file }], { cause: error });
  }
  if (problems.count > 0) throw new InvalidRequestError(problems);
}

interface Fields {
  task?: unknown;
  cost?: unknown;
  at?: unknown;
}

/** Returns the charge of a line; undefined for one that is none of this month; the problem in words. */
function chargeOf({ task, cost, at }: Fields, month: string): Charge | undefined | string {
  if (cost === undefined || cost === null || cost === '') return undefined;
  const nanoUsd = findAmount(cost);
  if (nanoUsd === undefined) return 'cost must be an amount of US dollars, such as 0.02';
  if (nanoUsd === 0) return undefined;
  if (typeof task !== 'string' || !/^[\w-]{1,64}$/.test(task)) return 'task must be an id';
  if (at !== undefined && at !== '') {
    const moment = new Date(typeof at === 'string' && /^\d+$/.test(at) ? Number(at) : (at as string | number)); // Date refuses the rest
    if (Number.isNaN(moment.getTime())) return 'time must be a date, such as 2026-11-30T12:00:00Z';
    if (moment.toISOString().slice(0, 7) !== month) return undefined;
  }
  return { taskUUID: task.toLowerCase(), costNanoUsd: nanoUsd };
}

function findAmount(cost: unknown): NanoUsd | undefined {
  if (typeof cost !== 'string' && typeof cost !== 'number') return undefined;
  try {
    return parseUsd(typeof cost === 'string' ? cost.trim().replace(/^\$|\s*USD$/gi, '') : cost);
  } catch {
    return undefined;
  }
}

function readJson(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const entries = Object.entries(value).map(([name, field]) => [plain(name), field] as const);
    const find = (known: readonly string[]): unknown => entries.find(([name]) => known.includes(name))?.[1];
    return { task: find(names.task), cost: find(names.cost), at: find(names.at) };
  } catch {
    return undefined;
  }
}

interface Table {
  separator: string;
  task: number;
  cost: number;
  at: number;
}

function readHeader(text: string): Table | undefined {
  for (const separator of [',', ';', '\t']) {
    const columns = split(text, separator).map(plain);
    const find = (known: readonly string[]): number => known.map((name) => columns.indexOf(name)).find((place) => place !== -1) ?? -1;
    const table = { separator, task: find(names.task), cost: find(names.cost), at: find(names.at) };
    if (table.task !== -1 && table.cost !== -1) return table;
  }
  return undefined;
}

function readRow(text: string, { separator, task, cost, at }: Table): Fields {
  const cells = split(text, separator);
  return { task: cells[task]?.trim() ?? '', cost: cells[cost]?.trim() ?? '', at: cells[at]?.trim() ?? '' };
}

/** Splits a row into its cells, of which some may be in quotes (RFC 4180, without line ends in a cell). */
const split = (text: string, separator: string): string[] =>
  [...`${separator}${text}`.matchAll(separator === '\t' ? QUOTED_TAB : separator === ';' ? QUOTED_SEMICOLON : QUOTED_COMMA)].map(
    ([, quoted, bare = '']) => (quoted === undefined ? bare : quoted.replaceAll('""', '"')),
  );
const QUOTED_COMMA = /,(?:"((?:[^"]|"")*)"|([^,]*))/g;
const QUOTED_SEMICOLON = /;(?:"((?:[^"]|"")*)"|([^;]*))/g;
const QUOTED_TAB = /\t(?:"((?:[^"]|"")*)"|([^\t]*))/g;
