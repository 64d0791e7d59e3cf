import { parseGrokImagineRequest, quote } from '@darkroom/contracts';
import type { CommandContext, ExitCode } from '../commands/command.ts';
import { buildRequest, type RequestValues } from './read-requests.ts';

/** Stands for each reference image: the price depends on their number alone. */
const ANY_REFERENCE = 'https://example.com/reference.jpg';

/** Prints the highest price of a request. @throws InvalidRequestError */
export function runQuote(values: RequestValues & { reference: readonly string[] }, { answer }: CommandContext): Promise<ExitCode> {
  const references = values.reference.map(() => ANY_REFERENCE);
  const request = parseGrokImagineRequest(buildRequest({ ...values, prompt: values.prompt ?? 'any prompt' }, references));
  const { imageUsd, totalUsd, currency } = quote(request);
  const images = request.numberResults;
  answer({ images, imageUsd, atMostUsd: totalUsd, currency }, [
    `${images} ${images === 1 ? 'image' : 'images'} at ${imageUsd} USD: at most ${totalUsd} USD`,
  ]);
  return Promise.resolve(0);
}
