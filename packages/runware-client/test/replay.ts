import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import type { ProviderFault } from '@darkroom/contracts';
import { createRunwareClient, findChangedMeanings, parseTranscript, type RecordedExchange, type Transcript } from '../src/index.ts';
import { answerHalf, answerJson, answerText, startScriptedProvider, type Script } from './scripted-provider.ts';
import { apiKey, order } from './world.ts';

/** Files that probes wrote, copied here: every file is replayed. */
const folder = new URL('../fixtures/', import.meta.url);

export const transcriptNames = (): string[] => readdirSync(folder).filter((name) => name.endsWith('.json'));

export const loadTranscript = (name: string): Transcript =>
  parseTranscript(readFileSync(fileURLToPath(new URL(name, folder)), 'utf8'), name);

/**
 * Sends every recorded answer to our client once more, over HTTP, and reads every body again.
 * @returns one line for each exchange that now differs from its recorded meaning.
 */
export async function replay(transcript: Transcript): Promise<string[]> {
  await using provider = await startScriptedProvider();
  const differences = findChangedMeanings(transcript);
  for (const [index, exchange] of transcript.exchanges.entries()) {
    const script = scriptOf(exchange);
    if (script === undefined) continue;
    provider.script = script;
    const client = createRunwareClient(
      { url: `${provider.url}/v1`, apiKey, requestTimeoutMs: 5000, maxImageBytes: MAX_IMAGE_BYTES, imageHosts: [provider.host] },
      { now: () => Date.parse(exchange.startedAt) },
    );
    const recorded = exchange.meaning as { tasks?: unknown[]; isImage?: boolean }; // as: every field is compared with what is read
    const now =
      exchange.request.method === 'GET'
        ? { isImage: (await client.downloadImage(`${provider.url}/image.jpg`)).kind === 'fetched' }
        : { tasks: await Promise.all(tasksOf(exchange).map((task) => ask(client, task))) };
    const before = exchange.request.method === 'GET' ? { isImage: recorded.isImage } : { tasks: recorded.tasks };
    if (!isDeepStrictEqual(JSON.parse(JSON.stringify(now)), before))
      differences.push(`exchange ${index} (${exchange.step}): recorded ${JSON.stringify(before)}, the client reads ${JSON.stringify(now)}`);
  }
  return differences;
}

const MAX_IMAGE_BYTES = 32 * 1024 * 1024;

interface Task {
  taskType: string;
  taskUUID: string;
}

const tasksOf = ({ request: { body } }: RecordedExchange): Task[] => (body.kind === 'json' ? (body.value as unknown as Task[]) : []); // as: the recorder writes the tasks that a probe sent

async function ask(client: ReturnType<typeof createRunwareClient>, { taskType, taskUUID }: Task): Promise<unknown> {
  switch (taskType) {
    case 'getResponse':
      return { state: withShortFault(await client.lookUp(taskUUID)) };
    case 'getTaskDetails':
      return { state: withShortFault(await client.lookUpDetails(taskUUID)) };
    default:
      return { verdict: withShortFault(await client.submit({ ...order, taskUUID })) };
  }
}

const withShortFault = (value: object & { fault?: ProviderFault | undefined }): unknown =>
  value.fault === undefined ? value : { ...value, fault: { class: value.fault.class, code: value.fault.code } };

/** Builds the server's answer; undefined if none came, or if the provider sent the request. */
function scriptOf({ request, answer }: RecordedExchange): Script | undefined {
  if (request.from === 'provider' || answer.kind !== 'answered') return undefined;
  const { status, body } = answer;
  const retryAfter = answer.headers['retry-after'];
  const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
  switch (body.kind) {
    case 'json':
      return answerJson(status, body.value, headers);
    case 'unreadable':
      if (body.reason === 'cut off') return answerHalf(status);
      return answerText(status, body.reason === 'too large' ? ' '.repeat(1024 * 1024 + 1) : '<html>', headers);
    case 'bytes':
      return (_request, response) => void response.writeHead(status, { 'content-type': 'image/jpeg' }).end(Buffer.alloc(body.sizeBytes));
    case 'none':
      return (_request, response) => void response.writeHead(status, headers).end();
  }
}
