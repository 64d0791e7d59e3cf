import {
  defined,
  MAX_CHANGE_REASON,
  MAX_OPEN_IMAGES,
  MAX_OPERATOR_NAME,
  MAX_TASKS_AT_PROVIDER,
  parseRef,
  pauseKinds,
  type CapName,
  type NanoUsd,
  type SubmissionRef,
} from '@darkroom/contracts';
import type { Decision } from '@darkroom/purchase';
import type { CapsChange } from '@darkroom/recovery';
import { defineCommand, findingOptions } from './command.ts';
import { flag, option, optionOr, options, WrongValue, type Option, type Reader } from './input.ts';
import { findAmount, readChoice, readLine, readTenant, readWhole, readWholeOrNone, readWords, shown } from './read-value.ts';

// The work of each command is loaded when it runs: the help of all takes no driver.

/** Days of generations that the ledger needs in full: one month, and the days before it in which orders for later (`runAt`) came in. */
const REBUILT_DAYS = 35;

const byOption = option('name', 'who does it; the user of this machine when absent', readLine(MAX_OPERATOR_NAME));
/** Options of a command that changes what holds for the store; its record in S3 keeps them. */
const signingOptions = { by: byOption, reason: option('text', 'why; the record of the change keeps it', readLine(MAX_CHANGE_REASON)) };

export const statusCommand = defineCommand({
  name: 'status',
  group: 'Operation',
  summary: 'shows if and why buying is paused, what waits, and what was spent',
  details: [
    'The exit code is 3 while a person is needed: buying is paused, the store is not open, a worker buys nothing, outcomes are unknown.',
  ],
  options: findingOptions,
  examples: [
    ['darkroom status', 'shows the Darkroom of REDIS_URL, or the one that runs on this machine'],
    ['darkroom status --json', 'prints the same as one line of JSON'],
  ],
  run: async (values, context) => (await import('../operate/status.ts')).showStatus(values, context),
});

export const spendCommand = defineCommand({
  name: 'spend',
  group: 'Images',
  summary: 'shows spent and held money beside the caps, which tenants spent most today, and how far costs differ from the expected ones',
  options: { tenant: option('name', 'also shows the periods of this tenant', readTenant), ...findingOptions },
  examples: [
    ['darkroom spend', 'shows the periods of today and of this month'],
    ['darkroom spend --tenant acme', 'also shows those of the tenant acme'],
  ],
  run: async (values, context) => (await import('../operate/spend.ts')).showSpend(values, context),
});

/** Reads an amount, or "none" for a cap that may be absent. @returns null for none. */
const readCap =
  (cap: CapName): Reader<NanoUsd | null> =>
  (text, name) => {
    const isDay = cap === 'allPerDay';
    const typed = text.trim();
    if (typed === 'none' && !isDay) return null;
    if (typed === 'none') throw new WrongValue(`${name} must be an amount: the cap of a day over all tenants is always on`);
    const amount = findAmount(typed);
    if (amount !== undefined) return amount;
    throw new WrongValue(
      `${name} must be an amount of US dollars above 0, such as 25 or 12.50${isDay ? '' : ', or none'}, got ${shown(typed)}`,
    );
  };

const capOption = (cap: CapName, what: string): Option<NanoUsd | null | undefined> => option('usd', what, readCap(cap));

export const capsCommand = defineCommand({
  name: 'caps',
  group: 'Operation',
  summary: 'shows the spend caps of the store, or changes the named ones for all workers at once',
  options: {
    day: capOption('allPerDay', 'cap of each day for all tenants together'),
    month: capOption('allPerMonth', 'cap of each calendar month for all tenants together; `none` removes it'),
    tenantDay: capOption('tenantPerDay', 'cap of each day for each tenant; `none` removes it'),
    tenantMonth: capOption('tenantPerMonth', 'cap of each calendar month for each tenant; `none` removes it'),
    ...signingOptions,
    ...findingOptions,
  },
  examples: [
    ['darkroom caps', 'shows the caps'],
    ['darkroom caps --day 25 --month 300 --tenant-month none', 'changes three of them'],
    ['darkroom caps --day 50 --reason "campaign of May"', 'changes one, and says why'],
  ],
  async run({ dataDir, ...given }, context) {
    const change: CapsChange = defined({
      allPerDay: given.day ?? undefined,
      allPerMonth: given.month,
      tenantPerDay: given.tenantDay,
      tenantPerMonth: given.tenantMonth,
    });
    return (await import('../operate/caps.ts')).runCaps({ dataDir, change, signature: { who: given.by, reason: given.reason } }, context);
  },
});

export const limitsCommand = defineCommand({
  name: 'limits',
  group: 'Operation',
  summary: 'shows how many tasks the fleet may have at the provider and how many images may be open, or changes that',
  options: {
    tasks: option('n', 'tasks at the provider', readWhole(1, MAX_TASKS_AT_PROVIDER)),
    openImages: option('n', 'open images of all tenants together; or none', readWholeOrNone(1, MAX_OPEN_IMAGES)),
    openImagesPerTenant: option('n', 'open images of each tenant; or none', readWholeOrNone(1, MAX_OPEN_IMAGES)),
    ...signingOptions,
    ...findingOptions,
  },
  examples: [['darkroom limits --tasks 20 --open-images 100000', 'changes two of them']],
  run: async ({ dataDir, tasks, by, reason, ...open }, context) =>
    (await import('../operate/limits.ts')).runLimits(
      { dataDir, change: defined({ tasksAtProvider: tasks, ...open }), signature: { who: by, reason } },
      context,
    ),
});

export const upgradeCommand = defineCommand({
  name: 'upgrade',
  group: 'Operation',
  summary: 'shows the form in which processes write the store, and ends an upgrade',
  details: [
    'Versions write the earlier form while they run side by side. --finish lets them write the newest form of this version: earlier ones then use the store no more.',
  ],
  options: { finish: flag('lets all processes write the newest form of this version'), ...findingOptions },
  examples: [['darkroom upgrade --finish', 'once no process of an earlier version runs, backends included']],
  run: async (values, context) => (await import('../operate/upgrade.ts')).runUpgrade(values, context),
});

export const doctorCommand = defineCommand({
  name: 'doctor',
  group: 'Operation',
  summary: 'checks Redis, the bucket, the key and the webhook address; buys nothing',
  details: ['The exit code is 3 if a check found what a person must mend.'],
  options: findingOptions,
  examples: [['darkroom doctor', 'prints a line for each check']],
  run: async (values, context) => (await import('../operate/examine.ts')).examine(values, context),
});

export const pauseCommand = defineCommand({
  name: 'pause',
  group: 'Operation',
  summary: 'stops buying; bought images still come home',
  options: {
    reason: optionOr('by an operator', 'text', 'why; each status shows it', readWords(MAX_CHANGE_REASON)),
    by: byOption,
    ...findingOptions,
  },
  examples: [['darkroom pause --reason "a new bucket"', 'stops buying until darkroom resume']],
  run: async (values, context) => (await import('../operate/pause.ts')).runPause(values, context),
});

export const resumeCommand = defineCommand({
  name: 'resume',
  group: 'Operation',
  summary: 'ends all pauses, or those of one kind',
  options: {
    kind: option('kind', 'ends only these', readChoice(pauseKinds), { choices: pauseKinds }),
    ...signingOptions,
    ...findingOptions,
  },
  examples: [['darkroom resume --kind operator', 'ends the pause of darkroom pause, and no other']],
  run: async ({ dataDir, kind, by, reason }, context) =>
    (await import('../operate/pause.ts')).runResume(
      { dataDir, kinds: kind === undefined ? pauseKinds : [kind], signature: { who: by, reason } },
      context,
    ),
});

const readSubmission: Reader<SubmissionRef> = (text, name) => {
  const ref = parseRef(text);
  if (ref === undefined)
    throw new WrongValue(`${name} must be a submission as unknown lists it, such as <generationId>/0-1, got ${shown(text)}`);
  return ref;
};

export const unknownCommand = defineCommand({
  name: 'unknown',
  group: 'Operation',
  summary: 'lists purchases with an unknown outcome, whose money stays on hold, or ends holds',
  details: [
    "Look for the taskUUID in the provider's list of usage first. An image that still arrives is kept.",
    'The exit code is 3 while an outcome is unknown.',
  ],
  options: {
    release: options('submission', 'a hold to end, as listed: <generationId>/<index>-<n>', readSubmission),
    charged: flag('with --release: the provider charged for it; books the money'),
    free: flag('with --release: the provider did not charge for it; gives the money back'),
    ...findingOptions,
  },
  examples: [
    ['darkroom unknown', 'lists the oldest first'],
    ['darkroom unknown --release 01890a5d-ac96-774b-bcce-b302099a8057/0-1 --free', 'gives back the money of one'],
  ],
  check({ release, charged, free }) {
    if (release.length === 0) return charged || free ? ['--charged and --free need --release <submission>'] : [];
    return charged === free ? ['--release needs --charged, if the provider charged for it, or --free, if it did not'] : [];
  },
  async run({ dataDir, release, charged }, context) {
    const decision: Decision = charged ? 'charged' : 'free';
    return (await import('../operate/unknown.ts')).runUnknown({ dataDir, refs: release, decision }, context);
  },
});

export const reconcileCommand = defineCommand({
  name: 'reconcile',
  group: 'Operation',
  summary: 'compares jobs, entries, money and S3 once, and repairs what disagrees',
  details: ['The exit code is 3 if it left something for a person, and 1 if the pass did not compare everything.'],
  options: { images: flag('also asks S3 for each image that Redis shows as kept, once for each generation'), ...findingOptions },
  examples: [['darkroom reconcile', 'prints a table of what it found']],
  run: async (values, context) => (await import('../operate/reconcile.ts')).reconcileOnce(values, context),
});

export const rebuildCommand = defineCommand({
  name: 'rebuild',
  group: 'Operation',
  summary: 'fills a Redis that lost its memory from the records in S3, and opens the store',
  details: ['The exit code is 0 when the store is open, and 3 if it is open without generations whose records are corrupt.'],
  options: {
    days: optionOr(
      REBUILT_DAYS,
      'n',
      `restores only unfinished generations that are older; ${REBUILT_DAYS} when absent`,
      readWhole(1, 3650),
    ),
    skipCorrupt: flag('opens the store without generations whose records are corrupt'),
    ...findingOptions,
  },
  examples: [['darkroom rebuild', 'restores what Redis would still know']],
  run: async (values, context) => (await import('../operate/rebuild.ts')).rebuildStore(values, context),
});
