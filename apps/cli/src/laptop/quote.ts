import { exampleRequests, formatUsd, parseGrokImagineRequest, parseUsd, quote, type NanoUsd } from '@darkroom/contracts';
import type { Environment, RunwareSettings } from '@darkroom/service-runtime';
import { isRealMoney } from '../config.ts';

/** Highest cost of the three examples, exact. */
const examplesNanoUsd: NanoUsd = exampleRequests.reduce(
  (sum, { request }) => sum + quote(parseGrokImagineRequest(request)).totalNanoUsd,
  0,
);

/** US dollars a day, fifty images: the user must name a higher cap. */
const DEFAULT_CAP = '1';

/** Returns the daily cap in US dollars: of the command line, else of the environment, else the default. */
export const laptopCap = (maxNanoUsd: NanoUsd | undefined, environment: Environment): string =>
  maxNanoUsd === undefined ? (environment['DAILY_CAP_USD'] ?? '').trim() || DEFAULT_CAP : formatUsd(maxNanoUsd);

/** Describes the price of the examples, by the model's page, and the provider that would charge it. */
export function describeQuote(runware: RunwareSettings): string[] {
  const width = Math.max(...exampleRequests.map(({ title }) => title.length), 'together, at most'.length);
  const lines = exampleRequests.map(
    ({ title, request }) => `  ${title.padEnd(width)}  ${quote(parseGrokImagineRequest(request)).totalUsd} USD`,
  );
  return [
    `RUNWARE_API_KEY is set. The three examples of the model's page, bought from ${runware.url}:`,
    '',
    ...lines,
    `  ${'together, at most'.padEnd(width)}  ${formatUsd(examplesNanoUsd)} USD`,
    '',
    isRealMoney(runware)
      ? 'This is real money, charged to the account of the key.'
      : 'This address is on this machine: an emulator, no real money.',
  ];
}

/** Explains why a cap is too low for the examples; undefined if they fit, or if it is no amount, which the worker reports. */
export function findCapProblem(cap: string): string | undefined {
  try {
    if (parseUsd(cap) >= examplesNanoUsd) return undefined;
  } catch {
    return undefined;
  }
  return `cannot buy them: they cost up to ${formatUsd(examplesNanoUsd)} USD, and no more than ${cap} USD may be spent in a day; raise --max-usd`;
}
