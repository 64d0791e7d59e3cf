import { setTimeout as pause } from 'node:timers/promises';
import { defined } from '@darkroom/contracts';
import type { RecordedExchange, Transcript } from '@darkroom/runware-client';
import { faultsSchema } from '../src/app.ts';
import { openInbox, type Inbox } from './inbox.ts';
import { manualClock, type ManualClock } from './manual-clock.ts';
import { shapeOf } from './shape.ts';
import { download, setup, type World } from './world.ts';

/** Duration of an execution, on a clock that the test advances until the task ends as in the transcript. */
const EXECUTION_MS = 1000;
const STEP_MS = 250;
/** Most steps of the clock; after that the emulator does not answer as in the transcript. */
const MAX_STEPS = 120;

/**
 * Sends the requests of a transcript to an emulator, in their order, and compares the shape of each answer, webhook and upload with the
 * recorded one.
 * @returns one text for each difference.
 */
export async function playTranscript({ exchanges, switches = {} }: Transcript): Promise<string[]> {
  const clock = manualClock();
  const inbox = await openInbox(({ path }) => (path.startsWith('/webhook') ? webhookStatus : 200));
  const webhookStatus = statusOfWebhooks(exchanges);
  const faults = faultsSchema.partial().parse({ executionMs: [EXECUTION_MS, EXECUTION_MS], ...switches });
  const play: Play = { world: await setup({ clock, faults }), clock, inbox, addresses: new Map() };
  const differences: string[] = [];
  for (const [index, exchange] of exchanges.entries()) {
    const recorded = answerShape(exchange);
    if (exchange.request.from === 'provider' || recorded === undefined) continue;
    const given = await askUntil(exchange, recorded, play);
    if (given !== recorded) differences.push(`exchange ${index} (${exchange.step}):\n  recorded ${recorded}\n  emulator ${given}`);
  }
  return [...differences, ...(await missedDeliveries(exchanges, play))];
}

interface Play {
  world: World;
  clock: ManualClock;
  inbox: Inbox;
  /** Image address of the emulator for each in the transcript. */
  addresses: Map<string, string>;
}

/** Sends a request once, or repeatedly while the clock advances if it asks for a task that had ended in the transcript. */
async function askUntil(exchange: RecordedExchange, recorded: string, play: Play): Promise<string> {
  let given = await send(exchange, play);
  if (!JSON.stringify(exchange.request.body).includes('getResponse')) return given;
  for (let step = 0; given !== recorded && given.includes('processing') && step < MAX_STEPS; step += 1) {
    play.clock.advance(STEP_MS);
    // Gives the emulator time to draw the image.
    await pause(5);
    given = await send(exchange, play);
  }
  return given;
}

async function send(exchange: RecordedExchange, play: Play): Promise<string> {
  const { request, answer } = exchange;
  if (request.method === 'GET') {
    const address = play.addresses.get(request.path);
    if (address === undefined) return 'no image address where the transcript has one';
    const { status, bytes } = await download(address);
    return imageShape(status, bytes.length > 0);
  }
  const dryRun = request.headers['x-runware-dry-run'];
  const isRefusedKey = answer.kind === 'answered' && answer.status === 401;
  const reply = await play.world.post(rebuild(request.body.kind === 'json' ? request.body.value : [], '', play), {
    ...defined({ 'x-runware-dry-run': dryRun }),
    ...(isRefusedKey ? { authorization: 'Bearer wrong' } : {}),
  });
  const body = readJson(reply.text);
  if (answer.kind === 'answered' && answer.body.kind === 'json') pairAddresses(answer.body.value, body, play.addresses);
  return postShape(reply.status, Object.fromEntries(reply.headers), body);
}

function answerShape({ request, answer }: RecordedExchange): string | undefined {
  if (answer.kind !== 'answered') return undefined;
  const { status, headers, body } = answer;
  if (request.method === 'GET') return imageShape(status, body.kind === 'bytes' && body.sizeBytes > 0);
  return postShape(status, headers, body.kind === 'json' ? body.value : undefined);
}

const postShape = (status: number, headers: Readonly<Record<string, string>>, body: unknown): string =>
  [
    `HTTP ${status}`,
    headers['content-type']?.split(';')[0] ?? 'no content type',
    ...(headers['retry-after'] === undefined ? [] : ['retry-after']),
    body === undefined ? 'not JSON' : shapeOf(body),
  ].join(' ');

const imageShape = (status: number, hasBytes: boolean): string =>
  `HTTP ${status} ${status === 200 && hasBytes ? 'with' : 'without'} an image`;

/** Fills in what a transcript omits: prompts, images, and the addresses of webhooks and uploads. */
function rebuild(value: unknown, name: string, play: Play): unknown {
  if (Array.isArray(value)) return value.map((entry) => rebuild(entry, name, play));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, rebuild(entry, key, play)]));
  if (typeof value !== 'string') return value;
  if (name === 'webhookURL') return `${play.inbox.url}/webhook`;
  if (name === 'uploadEndpoint') return `${play.inbox.url}/upload`;
  const [, kind, length] = /^<(prompt|image) of (\d+) characters>$/.exec(value) ?? [];
  if (kind === 'prompt') return 'g'.repeat(Number(length));
  // Whole groups of base64 after the 22 characters of the prefix.
  return kind === 'image' ? `data:image/png;base64,${'AAAA'.repeat(Math.max(1, Math.floor((Number(length) - 22) / 4)))}` : value;
}

/** Pairs each address in the transcript with the emulator's address in the same place. */
function pairAddresses(recorded: unknown, given: unknown, addresses: Map<string, string>): void {
  if (typeof recorded === 'string' && typeof given === 'string' && /^https?:/.test(recorded)) addresses.set(recorded, given);
  if (typeof recorded !== 'object' || recorded === null || typeof given !== 'object' || given === null) return;
  const there = new Map(Object.entries(given));
  for (const [key, value] of Object.entries(recorded)) pairAddresses(value, there.get(key), addresses);
}

/** Describes the deliveries of the transcript whose shape the emulator does not send. */
async function missedDeliveries(exchanges: readonly RecordedExchange[], { clock, inbox }: Play): Promise<string[]> {
  const recorded = exchanges
    .filter(({ request }) => request.from === 'provider')
    .map(({ request: { method, headers, body } }) =>
      deliveryShape(method, headers['content-type'], body.kind === 'json' ? body.value : undefined),
    );
  const sent = (): Set<string> =>
    new Set(
      inbox.received.map(({ method, headers, body }) =>
        deliveryShape(method, headers['content-type'], method === 'PUT' ? undefined : readJson(body.toString())),
      ),
    );
  const missed = (): string[] => [...new Set(recorded)].filter((shape) => !sent().has(shape));
  for (let step = 0; missed().length > 0 && step < MAX_STEPS; step += 1) {
    clock.advance(STEP_MS);
    await pause(5);
  }
  return missed().map((shape) => `a delivery:\n  recorded ${shape}\n  emulator ${[...sent()].join('\n       and ') || 'nothing'}`);
}

const deliveryShape = (method: string, contentType: string | undefined, body: unknown): string =>
  `${method} ${contentType?.split(';')[0] ?? 'no content type'} ${body === undefined ? '' : shapeOf(body)}`;

const statusOfWebhooks = (exchanges: readonly RecordedExchange[]): number => {
  const answer = exchanges.find(({ request }) => request.path === '/webhook')?.answer;
  return answer?.kind === 'answered' ? answer.status : 200;
};

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
