import { findMeant } from '@darkroom/contracts';

/** Shortest name that is compared: short words resemble each other, such as HOST and POST. */
const MIN_LENGTH = 7;
/** One slip for every this many letters; a name with more may be another program's: REDIS_HOST is not REDIS_URL. */
const MAX_SLIP_SHARE = 6;
/** Families that users forget in a name (MAX_SUBMISSIONS, HORIZON_MS), with true if the rest of the name can mean nothing else. */
const families: readonly (readonly [family: string, isOurs: boolean])[] = [
  ['WORKER_', true],
  ['TIMING_', false],
];
/** Names whose rest, without the family, is common among other programs. */
const common = ['TIMING_REQUEST_TIMEOUT_MS', 'TIMING_LOCK_DURATION_MS', 'TIMING_STALLED_INTERVAL_MS'];

/** Names that other programs have for these, in small letters alone. A program beside ours may have them: they stop nothing. */
const otherNames: Readonly<Record<string, readonly string[]>> = {
  bucketname: ['S3_BUCKET'],
  s3bucketname: ['S3_BUCKET'],
  concurrency: ['WORKER_SUBMIT_CONCURRENCY', 'WORKER_SETTLE_CONCURRENCY'],
  jobconcurrency: ['WORKER_SUBMIT_CONCURRENCY', 'WORKER_SETTLE_CONCURRENCY'],
  maxconcurrency: ['WORKER_SUBMIT_CONCURRENCY', 'WORKER_SETTLE_CONCURRENCY'],
  tasksatprovider: ['the command "darkroom limits --tasks"'],
  maxtasksatprovider: ['the command "darkroom limits --tasks"'],
  workertasksatprovider: ['the command "darkroom limits --tasks"'],
  dashboardusername: ['DASHBOARD_USER'],
  runwaretoken: ['RUNWARE_API_KEY'],
  webhooksecret: ['WEBHOOK_KEYS'],
};

export interface NearName {
  readonly meant: readonly string[];
  /** True if no other program can mean it. */
  readonly isOurs: boolean;
}

/**
 * Returns a function that finds the settings that a name most likely means: one with its words joined differently (dailyCapUsd), cut short
 * (DAILY_CAP, DASHBOARD_PASS), with words left out (S3_KEY) or added (WORKER_MAX_SUBMISSIONS_FILE), without its family (MAX_SUBMISSIONS),
 * named as in another program (BUCKET_NAME), or misspelt.
 *
 * @param ours Matches names that only Darkroom has.
 */
export function createNearNames(known: readonly string[], ours: RegExp): (name: string) => NearName | undefined {
  const settings = known
    .filter((name) => name.length >= MIN_LENGTH)
    .map((name) => ({ name, words: wordsOf(name), line: lineOf(wordsOf(name)) }));
  const forms = new Map(settings.map(({ name }) => [joined(name), { name, isOurs: ours.test(name) }]));
  for (const { name } of settings)
    for (const [family, isOurs] of families)
      if (name.startsWith(family) && !common.includes(name)) forms.set(joined(name.slice(family.length)), { name, isOurs });
  const found = (near: readonly { name: string }[]): NearName | undefined =>
    near.length === 0 ? undefined : { meant: near.map(({ name }) => name), isOurs: near.some(({ name }) => ours.test(name)) };
  return (name) => {
    const plain = joined(name);
    const other = Object.hasOwn(otherNames, plain) ? otherNames[plain] : undefined;
    if (other !== undefined) return { meant: other, isOurs: false };
    if (name.length < MIN_LENGTH && !name.includes('_')) return undefined;
    const words = wordsOf(name);
    const line = lineOf(words);
    const cut = settings.filter((each) => words.length > 1 && each.line.startsWith(line));
    const padded = settings.filter((each) => line.includes(each.line) && ours.test(each.name));
    const near = found(cut.slice(0, 2)) ?? found(padded) ?? found(settings.filter((each) => cutsShort(words, each.words)));
    if (near !== undefined) return near;
    const slips = name.length < MIN_LENGTH ? undefined : findMeant(plain, [...forms.keys()], Math.floor(name.length / MAX_SLIP_SHARE));
    const form = slips === undefined ? undefined : forms.get(slips);
    return form === undefined
      ? found(settings.filter((each) => leavesOut(words, each.words)))
      : { meant: [form.name], isOurs: form.isOurs };
  };
}

/** Returns true if the words are the first word of a setting (its family) and some of its other words, in the same order. */
function leavesOut(words: readonly string[], setting: readonly string[]): boolean {
  let at = 0;
  const isInOrder = words.every((word) => {
    at = setting.indexOf(word, at) + 1;
    return at > 0;
  });
  return isInOrder && words.length > 1 && words[0] === setting[0] && words.length < setting.length;
}

/** Tells whether words are those of a setting, the last of them cut short. */
const cutsShort = (words: readonly string[], setting: readonly string[]): boolean =>
  words.length > 1 &&
  words.length === setting.length &&
  words.every((word, at) =>
    at < words.length - 1 ? word === setting[at] : word.length >= MIN_CUT && setting[at]?.startsWith(word) === true,
  );
const MIN_CUT = 3;

const joined = (name: string): string => name.toLowerCase().replaceAll(/[^a-z\d]/g, '');

/** Joins words so that one line holds another only at the borders of words. */
const lineOf = (words: readonly string[]): string => `_${words.join('_')}_`;

const wordsOf = (name: string): string[] =>
  name
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((word) => word !== '');
