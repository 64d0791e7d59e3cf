import { exampleRequests, formatUsd, parseGrokImagineRequest, quote } from '@darkroom/contracts';

/** What the three examples would cost at the real provider, and that this version does not buy them. */
export function refuseRealMoney(): string {
  const total = exampleRequests.reduce((sum, { request }) => sum + quote(parseGrokImagineRequest(request)).totalNanoUsd, 0);
  return [
    `RUNWARE_API_KEY is set: the ${exampleRequests.length} example images would cost ${formatUsd(total)} USD at Runware.`,
    'cannot buy them: real images are not bought from the laptop in this version yet; nothing was started or spent.',
    'Without the key the images come from the emulator and cost nothing: env -u RUNWARE_API_KEY npm start',
  ].join('\n');
}
