import { findMeant } from '@darkroom/contracts';

/**
 * Words of names that limit spending. A name counts only if every word of it is listed here: `SPEND_CAP` is meant for Darkroom,
 * `OPENAI_SPEND_CAP`, `LIMIT_MEMORY` and `CAP_NET_ADMIN` are not.
 */
const words = {
  bound: ['cap', 'caps', 'budget', 'budgets'],
  anyBound: ['limit', 'limits', 'max', 'maximum', 'quota', 'ceiling'],
  money: ['usd', 'eur', 'gbp', 'dollar', 'dollars', 'euro', 'euros', 'cents', 'spend', 'spending', 'spent'],
  anyMoney: ['cost', 'costs', 'price', 'money', 'amount'],
  day: ['day', 'daily'],
  month: ['month', 'monthly'],
  otherPeriod: ['week', 'weekly', 'year', 'yearly', 'annual', 'hour', 'hourly'],
  tenant: ['tenant'],
  tenants: ['tenants'],
  filler: ['per', 'in', 'of', 'the', 'all', 'total', 'global', 'default', 'fleet', 'image', 'images', 'generation', 'generations'],
} as const;
type Kind = keyof typeof words;

const allWords = Object.values(words)
  .flat()
  .toSorted((left, right) => right.length - left.length);
/** Periods and tenants are found even if misspelt: no other word of a setting is similar. */
const longWords = ['daily', 'monthly', 'tenant', 'weekly', 'yearly', 'budget'];
const manyWords = new RegExp(`^(?:${allWords.join('|')})+$`);
const eachWord = new RegExp(allWords.join('|'), 'g');
/** Longer names mean something else; this also bounds the time of a match. */
const MAX_LENGTH = 48;

export interface SpendName {
  /** True if the name certainly limits money; `DAILY_LIMIT` may limit requests. */
  readonly isSure: boolean;
  /** The cap most likely meant; absent if the name holds no period. */
  readonly meant?: string;
}

/** Every name of a bound has one of these, or a slip of the pen in "budget"; nearly no other name of an environment does. */
const mayBound = /cap|b\w{2,5}t|limit|max|quota|ceiling|usd|eur|gbp|dollar|cents|spen/i;

/** Reads a name that limits spending, however its words are joined: SPEND_CAP, DAILYCAPUSD, dailyBudgetEur. */
export function readSpendName(name: string): SpendName | undefined {
  const found = name.length > MAX_LENGTH || !mayBound.test(name) ? undefined : wordsOf(name);
  if (found === undefined) return undefined;
  const has = (...kinds: Kind[]): boolean => kinds.some((kind) => words[kind].some((word) => found.includes(word)));
  const hasScope = has('day', 'month', 'otherPeriod', 'tenant');
  const isSure = (has('bound') && (has('money', 'anyMoney') || hasScope)) || (has('anyBound') && has('money'));
  const mayBe = has('anyBound') ? has('anyMoney') || hasScope : has('money') && hasScope;
  if (!isSure && !mayBe) return undefined;
  if (!has('day', 'month', 'tenant', 'tenants')) return { isSure };
  return { isSure, meant: `${has('tenant', 'tenants') ? 'TENANT_' : ''}${has('month') ? 'MONTHLY' : 'DAILY'}_CAP_USD` };
}

/** Splits a name into known words; undefined if a part of it is unknown. */
function wordsOf(name: string): string[] | undefined {
  const found: string[] = [];
  for (const part of partsOf(name)) {
    const meant = manyWords.test(part) ? (part.match(eachWord) ?? []) : nearWord(part);
    if (meant === undefined) return undefined;
    found.push(...meant);
  }
  return found;
}

const nearWord = (part: string): string[] | undefined => {
  const near = part.length < 4 || part.endsWith('s') ? undefined : findMeant(part, longWords, 1);
  return near === undefined ? undefined : [near];
};

/** Splits a name at its separators and capitals: "dailyCap_USD" is daily, cap and usd. */
const partsOf = (name: string): string[] =>
  name
    .replaceAll(/([a-z\d])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((part) => part !== '');
