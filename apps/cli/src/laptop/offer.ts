import { exampleRequests, formatUsd, parseGrokImagineRequest, parseUsd, quote, type NanoUsd } from '@darkroom/contracts';
import type { Environment, RunwareSettings } from '@darkroom/service-runtime';
import { isRealMoney } from '../config.ts';

/** What the three examples cost at most, exactly. */
const examplesNanoUsd: NanoUsd = exampleRequests.reduce(
  (sum, { request }) => sum + quote(parseGrokImagineRequest(request)).totalNanoUsd,
  0,
);

/** Enough for fifty images: somebody who wants more says so. */
const DEFAULT_CAP = '1';

/** The most that may be spent in one day: as said on the command line, else in the environment, else little. */
export const laptopCap = (maxNanoUsd: NanoUsd | undefined, environment: Environment): string =>
  maxNanoUsd === undefined ? (environment['DAILY_CAP_USD'] ?? '').trim() || DEFAULT_CAP : formatUsd(maxNanoUsd);

/** The quote, by the prices of the model's page, and where it would be spent. */
export function describeOffer(runware: RunwareSettings): string[] {
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
      ? 'This is real money, of the account that the key belongs to.'
      : 'This address is on this machine: an emulator, no real money.',
  ];
}

/** Says why a cap is too low for the examples; undefined when they fit, or when the worker will say what is wrong with it. */
export function findCapProblem(cap: string): string | undefined {
  try {
    if (parseUsd(cap) >= examplesNanoUsd) return undefined;
  } catch {
    return undefined;
  }
  return `cannot buy them: they cost up to ${formatUsd(examplesNanoUsd)} USD, and no more than ${cap} USD may be spent in a day; raise --max-usd`;
}
