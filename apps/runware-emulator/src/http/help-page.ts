import { exampleRequests } from '@darkroom/contracts';

export interface HelpFacts {
  url: string;
  apiKey: string;
  billFile: string;
}

/** What a person sees who opens the emulator's address: what it is and how to try it. */
export function buildHelpPage({ url, apiKey, billFile }: HelpFacts): string {
  const example = exampleRequests[0]?.request;
  const body = JSON.stringify([{ ...example, positivePrompt: 'a lighthouse at dusk', taskUUID: 'PUT-A-UUID-V4-HERE' }]);
  return `Runware emulator

It speaks the HTTP API of Runware (https://runware.ai) for imageInference with xai:grok-imagine@image,
draws real images, calls webhooks, uploads by PUT, and keeps the bill. It charges nobody.

Try it (a taskUUID is good for one task):

  curl ${url}/v1 \\
    -H 'Authorization: Bearer ${apiKey}' \\
    -H 'Content-Type: application/json' \\
    -d '${body.replace('PUT-A-UUID-V4-HERE', "'$(uuidgen -r)'")}'

  POST /v1                 imageInference (sync, async), getResponse, getTaskDetails
  GET  /image/<file>       the images
  GET  /_emulator/faults   the switches; PUT sets them, PUT {} puts them back
  GET  /_emulator/bill     the bill, also in ${billFile}
  GET  /_emulator/stats    counts
`;
}
