import {
  canReadUrl,
  ConfigError,
  findKeptInput,
  type DownloadVerdict,
  type Problem,
  type ProviderFault,
  type PurchaseOrder,
  type SubmitVerdict,
  type TaskState,
} from '@darkroom/contracts';
import { checkAccount, type AccountQuestion, type AccountVerdict } from './check-account.ts';
import { downloadImage } from './download.ts';
import { exchangeTask } from './exchange.ts';
import { imageRulesOf } from './image-address.ts';
import { createRedactor } from './redact.ts';
import { resolveBySystem, type Resolve } from './resolve-host.ts';
import { submitVerdictOf } from './submit-verdict.ts';
import { buildDetailsTask, buildPollTask, buildPurchaseTask } from './task.ts';
import { taskStateOf, taskStateOfDetails } from './task-state.ts';

export interface RunwareClientConfig {
  /** The one endpoint for all tasks, such as "https://api.runware.ai/v1". */
  url: string;
  apiKey: string;
  /** How long one request may take, answer included, in milliseconds. */
  requestTimeoutMs: number;
  /** Hosts that images may be fetched from; with a port for an emulator. Default: Runware's own. None on this machine, unless `url` is. */
  imageHosts?: readonly string[];
  /** The largest image that is fetched, in bytes. */
  maxImageBytes: number;
}

export interface RunwareClientDependencies {
  /** The platform's own by default. Images are fetched by one of our own, which looks where it connects to. */
  fetch?: typeof fetch;
  /** Finds the addresses of image hosts; as the system does by default. */
  resolve?: Resolve;
  /** Milliseconds since 1970; for `Retry-After` given as a date. */
  now: () => number;
}

/**
 * Runware's HTTP API, as far as buying images needs it. One task in a request, so that an answer can only be about it. No
 * function here throws for anything that the network or the provider does, and none tries again: what came of a request is
 * its value, and the queue decides what follows.
 */
export interface RunwareClient {
  /** POSTs one purchase. Sending it again with the same `taskUUID` within Runware's memory does not buy twice. */
  submit(order: PurchaseOrder, signal?: AbortSignal): Promise<SubmitVerdict>;
  /** Asks how a task stands (`getResponse`). */
  lookUp(taskUUID: string, signal?: AbortSignal): Promise<TaskState>;
  /** Asks what is kept of a task (`getTaskDetails`), for when `lookUp` no longer knows it. */
  lookUpDetails(taskUUID: string, signal?: AbortSignal): Promise<TaskState>;
  /** Asks whether this process may buy: a free question and, with `dryRun`, a purchase that is validated and priced and neither run nor charged. */
  checkAccount(how: AccountQuestion, signal?: AbortSignal): Promise<AccountVerdict>;
  /** Fetches an image from an `imageURL` that `lookUp` gave. */
  downloadImage(imageURL: string, signal?: AbortSignal): Promise<DownloadVerdict>;
}

/**
 * Creates a client. It keeps no connection of its own and needs no closing.
 * @throws ConfigError for a URL or a key that no request can be made with.
 */
export function createRunwareClient(
  config: RunwareClientConfig,
  { fetch: fetchOnce = fetch, resolve = resolveBySystem, now }: RunwareClientDependencies,
): RunwareClient {
  const problems = problemsOf(config);
  if (problems.length > 0) throw new ConfigError(problems);
  // A slash more is the same address to a person, and another one to most servers.
  const url = config.url.replace(/\/+$/, '');
  const settings = { ...config, ...imageRulesOf(config), url, fetch: fetchOnce, resolve, now };
  const redactor = createRedactor([config.apiKey]);
  return {
    submit: async (order, signal) => {
      if (hasKeptInput(order)) return { kind: 'not-sent', fault: unsendable };
      const exchange = await exchangeTask(settings, buildPurchaseTask(order), signal);
      return submitVerdictOf(exchange, order.taskUUID, createRedactor([config.apiKey, ...privateTextsOf(order)]));
    },
    lookUp: async (taskUUID, signal) => taskStateOf(await exchangeTask(settings, buildPollTask(taskUUID), signal), taskUUID, redactor),
    lookUpDetails: async (taskUUID, signal) =>
      taskStateOfDetails(await exchangeTask(settings, buildDetailsTask(taskUUID), signal), taskUUID, redactor),
    checkAccount: (how, signal) => checkAccount(settings, redactor, how, signal),
    downloadImage: (imageURL, signal) => downloadImage(settings, imageURL, signal),
  };
}

/** A form of Darkroom's own, which its caller turns into a URL; as it is, it would tell the provider nothing. */
const hasKeptInput = ({ request }: PurchaseOrder): boolean =>
  (request.inputs?.referenceImages ?? []).some((image) => findKeptInput(image) !== undefined);
const unsendable: ProviderFault = {
  class: 'validation',
  code: 'keptInput',
  message: 'could not send the purchase: a reference image lies in the bucket and has no URL',
};

/** What of an order an error message must not repeat. Its URLs need no listing: all queries are cut off. */
const privateTextsOf = ({ request }: PurchaseOrder): string[] => [
  request.positivePrompt,
  ...(request.inputs?.referenceImages ?? []).filter((image) => !/^https?:/i.test(image)),
];

/** Found here and not at the first purchase: a request that cannot even be built would look like one that may have left. */
const problemsOf = ({ url, apiKey }: RunwareClientConfig): Problem[] => [
  ...(canReadUrl(url) && /^https?:/i.test(url) ? [] : [{ path: 'url', message: 'must be an http(s) URL' }]),
  ...(/^[\x21-\x7e]+$/.test(apiKey)
    ? []
    : [{ path: 'apiKey', message: 'must be one or more visible ASCII characters, without spaces or line ends' }]),
];
