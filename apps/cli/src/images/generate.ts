import { existsSync } from 'node:fs';
import { text as readAll } from 'node:stream/consumers';
import {
  canReadUrl,
  DarkroomError,
  defined,
  InvalidRequestError,
  formatUsd,
  isFinalGeneration,
  type GenerationView,
} from '@darkroom/contracts';
import type { Enqueued, EnqueueOptions } from '@darkroom/producer';
import { eachOf } from '@darkroom/producer/shared';
import type { CommandContext, ExitCode } from '../commands/command.ts';
import { createProgress } from '../orders/progress.ts';
import { describeStanding } from '../orders/status-words.ts';
import { enqueueOnce, followOrder } from './insist.ts';
import { describeGeneration, isComplete } from './describe-generation.ts';
import type { Client } from './client.ts';
import { withClient } from './open-client.ts';
import { readFile } from './read-file.ts';
import { buildRequest, readRequests, titleOf, type Order, type RequestValues } from './read-requests.ts';
import { makeFolder, saveFiles } from './save-files.ts';

interface GenerateValues extends RequestValues {
  readonly dataDir: string | undefined;
  readonly reference: readonly string[];
  readonly out: string | undefined;
  readonly from: string | undefined;
  readonly again: string | undefined;
  readonly detach: boolean;
  readonly tag: readonly string[];
  readonly metadata: readonly (readonly [string, string])[];
  readonly priority: EnqueueOptions['priority'] | undefined;
  readonly idempotencyKey: string | undefined;
  readonly runAt: Date | undefined;
  readonly deadline: Date | undefined;
  readonly tenant: string | undefined;
}

/** Requests of one call of the library, and of one look at those that wait. */
const CHUNK = 500;
/** Generations that are waited for side by side; each has a subscription. */
const WAITING = 64;
/** Above so many generations the screen has one line for all. */
const MOST_ROWS = 20;

/** Makes images, and saves them. @returns 3 if not all came. @throws the errors of the library. */
export const runGenerate = (values: GenerateValues, context: CommandContext): Promise<ExitCode> =>
  withClient(values, context, async (client) => {
    const { from, again, detach, out } = values;
    if (out !== undefined) makeFolder(out);
    const orders = from === undefined ? [await readOrder(values, client)] : await readRequests(from, again, client.producer);
    const queued = await enqueueAll(orders, values, client, context);
    const atMostNanoUsd = queued.reduce((sum, { quote }) => sum + quote.totalNanoUsd, 0);
    const found = queued.filter(({ created }) => !created).length;
    context.notes.print(
      `${queued.length - found} queued${found === 0 ? '' : `, ${found} were there already`}, for at most ${formatUsd(atMostNanoUsd)} USD`,
    );
    if (detach) {
      context.answer(
        { generations: queued.map(({ generationId, created, quote }) => ({ generationId, created, atMostUsd: quote.totalUsd })) },
        queued.map(({ generationId }) => generationId),
      );
      return 0;
    }
    const ended = await waitForAll(orders, queued, values, client, context);
    context.answer({ generations: ended.map(({ view, files }) => ({ ...view, files })) }, linesOf(ended, out));
    return ended.every(({ view }) => isComplete(view)) ? 0 : 3;
  });

/** Builds the order of the options, with its reference images in the bucket. */
async function readOrder(values: GenerateValues, client: Pick<Client, 'putReference'>): Promise<Order> {
  const { reference, idempotencyKey, tenant } = values;
  const prompt = values.prompt === '-' ? (await readAll(process.stdin)).trim() : values.prompt;
  const references: string[] = [];
  for (const each of reference) {
    // Anything but a file is a URL or an id of the provider, which the library checks.
    const isFile = existsSync(each) || !(canReadUrl(each) || /^[0-9a-f-]{36}$/.test(each));
    references.push(isFile ? await putFile(each, (image) => client.putReference(image, tenant)) : each);
  }
  return { request: buildRequest({ ...values, prompt }, references), options: defined({ idempotencyKey }), title: titleOf(prompt) };
}

/** Puts the file of a reference image into the bucket. @throws InvalidRequestError that names the file, and says which ones are allowed. */
async function putFile(file: string, put: (image: Uint8Array) => Promise<string>): Promise<string> {
  const image = readFile(file, '--reference');
  try {
    return await put(image);
  } catch (error) {
    const isTooLarge = error instanceof DarkroomError && error.code === 'api.too-large';
    if (!isTooLarge && !(error instanceof InvalidRequestError)) throw error;
    const problems = error instanceof InvalidRequestError ? error.problems : [{ path: '', message: error.message }];
    throw new InvalidRequestError(problems.map((problem) => ({ ...problem, path: `--reference ${file}` })));
  }
}

/**
 * Enqueues all orders, in their order. A process that dies here has enqueued some: those with a key are found by it the next time. If one is
 * refused, as for a key that was used before with another request, the words say how many were there by then.
 */
async function enqueueAll(
  orders: readonly Order[],
  values: GenerateValues,
  { producer }: Client,
  { notes, signals: { stop: signal } }: CommandContext,
): Promise<Enqueued[]> {
  const shared = sharedOptions(values);
  let queued = 0;
  try {
    return await eachOf(orders, WAITING, async ({ request, options }) => {
      const enqueued = await enqueueOnce(producer, request, { ...shared, ...options }, { signal });
      queued += 1;
      return enqueued;
    });
  } catch (error) {
    if (orders.length > 1)
      notes.complain(
        `at least ${queued} of ${orders.length} requests are queued, and go on; the same command with the file put right finds them and queues the rest`,
      );
    throw error;
  }
}

/** Makes an order again that Redis has lost. */
async function enqueueAgain(
  { request, options }: Order,
  generationId: string,
  values: GenerateValues,
  { producer }: Client,
  signal: AbortSignal,
) {
  const { runAt, ...shared } = sharedOptions(values);
  // A time that has passed is left out.
  const isLater = runAt !== undefined && Number(runAt) > Date.now();
  const all = { ...shared, ...(isLater && { runAt }), ...options, generationId };
  return (await enqueueOnce(producer, request, all, { signal })).generationId;
}

/** Returns the options that all orders of a command share. */
const sharedOptions = ({ tag, metadata, priority, runAt, deadline: deadlineAt, tenant }: GenerateValues): EnqueueOptions => ({
  ...defined({ priority, runAt, deadlineAt, tenant }),
  ...(tag.length > 0 && { tags: tag }),
  ...(metadata.length > 0 && { metadata: Object.fromEntries(metadata) }),
});

interface Ended {
  readonly view: GenerationView;
  readonly files: readonly string[];
}

/** Waits for all, shows how far they are, and saves the images of each as soon as it has ended. */
async function waitForAll(
  orders: readonly Order[],
  queued: readonly Enqueued[],
  values: GenerateValues,
  client: Client,
  { notes, signals: { stop } }: CommandContext,
): Promise<Ended[]> {
  const { out } = values;
  const isMany = orders.length > MOST_ROWS;
  const titles = isMany ? [`${orders.length} generations`] : orders.map(({ title }) => title);
  const progress = createProgress(notes, titles, () => performance.now());
  /** Orders that Redis lost, and that are not made again yet. */
  const lost = new Set<number>();
  let done = 0;
  let failed = 0;
  try {
    return await eachOf(queued, isMany ? WAITING : orders.length, async (each, index) => {
      const again = async (id: string): Promise<string> => {
        lost.add(index);
        const made = await enqueueAgain(orders[index] as Order, id, values, client, stop); // one order for each
        lost.delete(index);
        return made;
      };
      for await (const view of followOrder(client.producer, each.generationId, again, { signal: stop })) {
        const isFinal = isFinalGeneration(view.status);
        if (!isMany) progress.update(index, describeStanding(view), isFinal);
        if (!isFinal) continue;
        done += 1;
        if (!isComplete(view)) failed += 1;
        if (isMany && (done % CHUNK === 0 || done === orders.length || notes.isLive))
          progress.update(
            0,
            { words: `${done} ended${failed === 0 ? '' : `, ${failed} without all images`}`, style: failed === 0 ? 'green' : 'red' },
            done === orders.length,
          );
        return { view, files: out === undefined ? [] : await saveFiles(view, client, out) };
      }
      throw new Error(`generation "${each.generationId}" left its watch without an end`);
    });
  } catch (error) {
    if (lost.size === 0 && (stop.aborted || (error instanceof DarkroomError && error.retryable)))
      notes.complain(
        `\nthe images are made all the same; to follow them: darkroom watch ${queued[0]?.generationId}${queued.length > 1 ? ', or the same command again' : ''}`,
      );
    throw error;
  } finally {
    progress.close();
  }
}

/** With a folder the paths of the files, one a line; without one each generation. */
const linesOf = (ended: readonly Ended[], out: string | undefined): string[] =>
  out === undefined ? ended.flatMap(({ view }) => describeGeneration(view)) : ended.flatMap(({ files }) => files);
