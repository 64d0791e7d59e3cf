import { defined, generationStatuses, type GenerationStatus } from '@darkroom/contracts';
import type { ListOptions } from '@darkroom/producer';
import { option, options, WrongValue, type Reader } from './input.ts';
import { readChoice, readText, readTenant, shown } from './read-value.ts';

/** Reads a time with its zone, as text. */
export const readTime: Reader<Date> = (text, name) => {
  const date = new Date(/^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/.test(text) ? text : Number.NaN);
  if (Number.isNaN(date.getTime()))
    throw new WrongValue(`${name} must be a time such as 2026-11-30 or 2026-11-30T12:00:00Z, got ${shown(text)}`);
  return date;
};

/** Reads a pair "name=text". */
export const readPair: Reader<readonly [string, string]> = (text, name) => {
  const at = text.indexOf('=');
  if (at < 1) throw new WrongValue(`${name} must be <name>=<text>, got ${shown(text)}`);
  return [text.slice(0, at), text.slice(at + 1)];
};

/** Options that choose generations, the same for every command that takes several. A generation must pass all of them. */
export const filterOptions = {
  status: options('status', 'those of this status', readChoice(generationStatuses), { choices: generationStatuses }),
  code: option('code', 'those with an image that did not succeed for this reason', readText),
  tag: option('tag', 'those with this tag', readText),
  metadata: options('name=text', 'those whose metadata holds this pair', readPair),
  createdFrom: option('time', 'those of this time or later', readTime),
  createdBefore: option('time', 'those before this time', readTime),
  finishedFrom: option('time', 'those that ended at this time or later', readTime),
  finishedBefore: option('time', 'those that ended before this time', readTime),
  tenant: option('name', 'those of this tenant', readTenant),
};

/** Values of the filters; a list is empty if its option is not given. */
export interface FilterValues {
  readonly status?: readonly GenerationStatus[] | undefined;
  readonly code?: string | undefined;
  readonly tag?: string | undefined;
  readonly metadata?: readonly (readonly [string, string])[] | undefined;
  readonly createdFrom?: Date | undefined;
  readonly createdBefore?: Date | undefined;
  readonly finishedFrom?: Date | undefined;
  readonly finishedBefore?: Date | undefined;
  readonly tenant?: string | undefined;
}

/** Returns the filters as options of `list`; empty if none is given. */
export function listOptionsOf(values: FilterValues): ListOptions {
  const { status = [], metadata = [], code, tag, createdFrom, createdBefore, finishedFrom, finishedBefore, tenant } = values;
  return {
    ...defined({ code, tag, createdFrom, createdBefore, finishedFrom, finishedBefore, tenant }),
    ...(status.length > 0 && { status }),
    ...(metadata.length > 0 && { metadata: Object.fromEntries(metadata) }),
  };
}
