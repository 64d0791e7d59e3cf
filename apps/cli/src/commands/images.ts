import { priorities } from '@darkroom/contracts';
import { defineCommand, findingOptions } from './command.ts';
import { filterOptions, readPair, readTime } from './filters.ts';
import { flag, option, optionalArgument, optionOr, options, WrongValue, type Reader } from './input.ts';
import { readChoice, readGenerationId, readPath, readTenant, readText, readWhole, shown } from './read-value.ts';

const readSize: Reader<{ width: number; height: number }> = (text, name) => {
  const [, width, height] = /^(\d{2,5})x(\d{2,5})$/.exec(text) ?? [];
  if (width === undefined || height === undefined)
    throw new WrongValue(`${name} must be <width>x<height>, such as 1280x896, got ${shown(text)}`);
  return { width: Number(width), height: Number(height) };
};

/** Options that describe images to make. */
const requestOptions = {
  size: option('WxH', 'width and height in pixels, such as 1280x896', readSize),
  number: optionOr(1, 'n', 'images of the prompt; 1 when absent', readWhole(1, 20), { short: 'n' }),
  reference: options('file', 'an image to start from, which is put into the bucket; or the URL of one', readText),
  format: option('format', 'file format of the images', readChoice(['JPG', 'PNG', 'WEBP']), { choices: ['JPG', 'PNG', 'WEBP'] }),
};

export const generateCommand = defineCommand({
  name: 'generate',
  group: 'Images',
  summary: 'makes images from a prompt or from a file of requests, and saves them',
  afterInterruption:
    'what is queued is made all the same, and darkroom list shows it: run again without --from or --idempotency-key, it buys anew',
  details: [
    'Waits until all images are there, and shows their progress; Ctrl-C ends the wait, and the images are made all the same.',
    'With --from each line of the file is one request of the model as JSON, such as {"positivePrompt":"a red door","width":1280,"height":896}; "tags", "metadata", "priority" and "idempotencyKey" may stand beside. All lines are checked before the first is queued. A line without a key of its own gets one from its text (equal lines are counted): the same command after a kill, or with more lines, goes on and buys no line twice, for seven days after its end. --again <name> makes the whole file once more.',
    'The exit code is 3 if not all images came.',
  ],
  arguments: { prompt: optionalArgument('the prompt; - reads it from standard input', readText) },
  options: {
    ...requestOptions,
    out: option('folder', 'saves the images there, as <generation>-<index>.jpg; the folder is made if absent', readPath),
    from: option('file', 'a file of requests, one a line', readPath),
    again: option('name', 'with --from: makes the file once more under this name', readText),
    detach: flag('returns once all is queued'),
    tag: options('tag', 'a tag, by which list finds it', readText),
    metadata: options('name=text', 'a pair that list finds', readPair),
    priority: option('priority', 'urgency among those of the same tenant', readChoice(priorities), { choices: priorities }),
    idempotencyKey: option('key', 'the same key returns the first generation, and buys nothing again', readText),
    runAt: option('time', 'buys at this time', readTime),
    deadline: option('time', 'buys nothing after this time', readTime),
    tenant: option('name', 'tenant whose caps it counts against', readTenant),
    ...findingOptions,
  },
  examples: [
    ['darkroom generate "a lighthouse at dusk" --size 1280x896 -n 4 --out ./images', 'makes four images, and saves them'],
    ['darkroom generate "a red door" --reference door.jpg --detach', 'starts from an image, and does not wait'],
    ['darkroom generate --from requests.jsonl --out ./images', 'makes the images of a file; run it again after a kill'],
  ],
  check({ prompt, from, again, number, size, reference, format, idempotencyKey, tag, metadata, priority }) {
    if (from === undefined) {
      const problems = prompt === undefined ? ['a prompt or --from <file> is missing'] : [];
      return again === undefined ? problems : [...problems, '--again is taken with --from alone'];
    }
    const alone = { prompt, size, format, idempotencyKey, priority };
    const lists = { reference, tag, metadata };
    const given = [
      ...Object.entries(alone).flatMap(([name, value]) => (value === undefined ? [] : [name])),
      ...Object.entries(lists).flatMap(([name, value]) => (value.length === 0 ? [] : [name])),
      ...(number === 1 ? [] : ['number']),
    ];
    return given.length === 0 ? [] : [`--from brings its own ${given.join(', ')}: write them into the lines of the file`];
  },
  run: async (values, context) => (await import('../images/generate.ts')).runGenerate(values, context),
});

export const quoteCommand = defineCommand({
  name: 'quote',
  group: 'Images',
  summary: 'tells the highest price of a request; queues and buys nothing',
  arguments: { prompt: optionalArgument('the prompt', readText) },
  options: requestOptions,
  examples: [['darkroom quote -n 4', 'tells the price of four images']],
  run: async (values, context) => (await import('../images/quote.ts')).runQuote(values, context),
});

export const showCommand = defineCommand({
  name: 'show',
  group: 'Images',
  summary: 'shows one generation: its images, what they cost, and why one is not there',
  arguments: { generationId: optionalArgument('id of the generation', readGenerationId) },
  options: {
    idempotencyKey: option('key', 'the generation of this key', readText),
    out: option('folder', 'saves its images there', readPath),
    tenant: option('name', 'tenant of the key', readTenant),
    ...findingOptions,
  },
  examples: [
    ['darkroom show 01890a5d-ac96-774b-bcce-b302099a8057 --out ./images', 'shows it, and saves its images'],
    ['darkroom show --idempotency-key order-1', 'finds it by the key of its enqueue'],
  ],
  check: ({ generationId: id, idempotencyKey }) =>
    (id === undefined) === (idempotencyKey === undefined) ? ['show takes the id of a generation, or --idempotency-key <key>'] : [],
  run: async (values, context) => (await import('../images/show.ts')).runShow(values, context),
});

export const listCommand = defineCommand({
  name: 'list',
  group: 'Images',
  summary: 'lists generations, the newest first',
  details: ['With --json it prints one line of JSON for each generation, and the next cursor on standard error.'],
  options: {
    ...filterOptions,
    limit: optionOr(20, 'n', 'at most so many; 20 when absent', readWhole(1, 1000)),
    cursor: option('cursor', 'goes on after the page that named it, with the same filters', readText),
    ...findingOptions,
  },
  examples: [
    ['darkroom list --status failed --created-from 2026-11-30', 'lists what failed since that day'],
    ['darkroom list --tag summer --metadata user=alice --json', 'lists one user’s summer as JSON'],
  ],
  run: async (values, context) => (await import('../images/list.ts')).runList(values, context),
});

export const watchCommand = defineCommand({
  name: 'watch',
  group: 'Images',
  summary: 'follows one generation until its end, or the events of all',
  details: [
    'With --all the place of the group is kept while no command runs, in Redis or, with DARKROOM_URL, in a file of this user ($XDG_STATE_HOME or ~/.local/state): the next one goes on there, and an event may come twice.',
    'The exit code is 3 if not all images of the generation came.',
  ],
  arguments: { generationId: optionalArgument('id of the generation', readGenerationId) },
  options: {
    all: flag('follows the events of all generations until Ctrl-C'),
    group: optionOr('command-line', 'name', 'with --all: the group whose place is kept', readText),
    tenant: option('name', 'with --all: events of this tenant alone; its place is its own', readTenant),
    ...findingOptions,
  },
  examples: [
    ['darkroom watch 01890a5d-ac96-774b-bcce-b302099a8057', 'prints a line for each change'],
    ['darkroom watch --all --json', 'prints a line of JSON for each event'],
  ],
  check: ({ generationId: id, all }) => ((id === undefined) === all ? [] : ['watch takes the id of a generation, or --all']),
  run: async (values, context) => (await import('../images/watch.ts')).runWatch(values, context),
});
