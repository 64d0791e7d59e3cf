import {
  canReadUrl,
  ConfigError,
  isKeptInput,
  modelId,
  parseStoredGrokImagineRequest,
  type DownloadVerdict,
  type Problem,
  type ProviderFault,
  type PurchaseOrder,
  type SubmitVerdict,
  type TaskState,
  resolveBySystem,
  type Resolve,
} from '@darkroom/contracts';
import { checkAccount, type AccountQuestion, type AccountVerdict } from './check-account.ts';
import { downloadImage } from './download.ts';
import { exchangeTask, type ProviderFetch } from './exchange.ts';
import { imageRulesOf } from './image-address.ts';
import { createRedactor } from './redact.ts';
import { submitVerdictOf } from './submit-verdict.ts';
import { buildDetailsTask, buildPollTask, buildPurchaseTask, type ReadableOrder } from './task.ts';
import { taskStateOf, taskStateOfDetails } from './task-state.ts';

export interface RunwareClientConfig {
  /** The single endpoint for all tasks, such as "https://api.runware.ai/v1". */
  url: string;
  apiKey: string;
  /** Longest duration of one request, answer included, in milliseconds. */
  requestTimeoutMs: number;
  /**
   * Hosts from which images may be fetched; with a port for an emulator. Default: Runware's own. A host on this machine counts only if
   * `url` is on it too.
   */
  imageHosts?: readonly string[];
  /** Largest image to fetch, in bytes. */
  maxImageBytes: number;
}

export interface RunwareClientDependencies {
  /** The platform's own by default. Images are fetched by our own fetch, which checks each address before it connects. */
  fetch?: ProviderFetch;
  /** Resolves image hosts; by default as the system does. */
  resolve?: Resolve;
  /** Milliseconds since 1970; needed for a `Retry-After` given as a date. */
  now: () => number;
}

/**
 * The part of Runware's HTTP API that buying images needs. One task in a request, so that an answer can only be about it. No function
 * here throws for a fault of the network or the provider, and none retries: the result of a request is its value, and the queue decides
 * the next step.
 */
export interface RunwareClient {
  /** POSTs one purchase. A repetition with the same `taskUUID` while Runware remembers it does not buy twice. */
  submit(order: PurchaseOrder, signal?: AbortSignal): Promise<SubmitVerdict>;
  /** Asks for the state of a task (`getResponse`). */
  lookUp(taskUUID: string, signal?: AbortSignal): Promise<TaskState>;
  /** Asks for the kept details of a task (`getTaskDetails`), once `lookUp` no longer knows it. */
  lookUpDetails(taskUUID: string, signal?: AbortSignal): Promise<TaskState>;
  /**
   * Asks if this process may buy: a free question and, with `dryRun`, a purchase that is validated and priced but neither run nor charged.
   */
  checkAccount(how: AccountQuestion, signal?: AbortSignal): Promise<AccountVerdict>;
  /** Fetches an image from an `imageURL` of `lookUp`. */
  downloadImage(imageURL: string, signal?: AbortSignal): Promise<DownloadVerdict>;
}

/**
 * Creates a client, which keeps no connections and needs no closing.
 * @throws ConfigError for a URL or a key that cannot be used in a request.
 */
export function createRunwareClient(
  config: RunwareClientConfig,
  { fetch: fetchOnce = fetch, resolve = resolveBySystem, now }: RunwareClientDependencies,
): RunwareClient {
  const problems = problemsOf(config);
  if (problems.length > 0) throw new ConfigError(problems);
  // A person takes an address with a trailing slash for the same one; most servers do not.
  const url = config.url.replace(/\/+$/, '');
  const settings = { ...config, ...imageRulesOf(config), url, fetch: fetchOnce, resolve, now };
  const redactor = createRedactor([config.apiKey]);
  // A question knows nothing of the request, and an answer to it may repeat the prompt.
  const polled = createRedactor([config.apiKey], false);
  return {
    submit: async (given, signal) => {
      const order = readOrder(given);
      if ('code' in order) return { kind: 'not-sent', fault: order };
      const exchange = await exchangeTask(settings, buildPurchaseTask(order), signal);
      return submitVerdictOf(exchange, order.taskUUID, createRedactor([config.apiKey, ...privateTextsOf(order)]));
    },
    lookUp: async (taskUUID, signal) => taskStateOf(await exchangeTask(settings, buildPollTask(taskUUID), signal), taskUUID, polled),
    lookUpDetails: async (taskUUID, signal) =>
      taskStateOfDetails(await exchangeTask(settings, buildDetailsTask(taskUUID), signal), taskUUID, polled),
    checkAccount: (how, signal) => checkAccount(settings, redactor, how, signal),
    downloadImage: (imageURL, signal) => downloadImage(settings, imageURL, signal),
  };
}

/** Reads an order of the one model that this client buys. @returns the reason against sending it. */
function readOrder({ request: stored, ...order }: PurchaseOrder): ReadableOrder | ProviderFault {
  if (stored.model !== modelId) return foreignModel;
  const request = parseStoredGrokImagineRequest(stored);
  return hasKeptInput(request.inputs) ? unsendable : { ...order, request };
}

const foreignModel: ProviderFault = {
  class: 'validation',
  code: 'foreignModel',
  message: `could not send the purchase: this version sends no other model than "${modelId}"`,
};

/** Finds a reference in Darkroom's own form. Its caller must replace it by a URL, because the provider does not know the form. */
const hasKeptInput = (inputs: ReadableOrder['request']['inputs']): boolean => (inputs?.referenceImages ?? []).some(isKeptInput);
const unsendable: ProviderFault = {
  class: 'validation',
  code: 'keptInput',
  message: 'could not send the purchase: a reference image lies in the bucket and has no URL',
};

/** Parts of the request to redact from provider errors. URLs are not listed: their query strings are always removed. */
const privateTextsOf = ({ request }: ReadableOrder): string[] => [
  request.positivePrompt,
  ...(request.inputs?.referenceImages ?? []).filter((image) => !/^https?:/i.test(image)),
];

/** Checks the settings here and not at the first purchase: a request that cannot even be built would look like one that may have left. */
const problemsOf = ({ url, apiKey }: RunwareClientConfig): Problem[] => [
  ...(canReadUrl(url) && /^https?:/i.test(url) ? [] : [{ path: 'url', message: 'must be an http(s) URL' }]),
  ...(/^[\x21-\x7e]+$/.test(apiKey)
    ? []
    : [{ path: 'apiKey', message: 'must be one or more visible ASCII characters, without spaces or line ends' }]),
];
