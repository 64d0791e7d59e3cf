import { exampleRequests } from '@darkroom/contracts';

export interface HelpFacts {
  url: string;
  apiKey: string;
  billFile: string;
}

/** Builds the page at the emulator's address: a description and an example. */
export function buildHelpPage({ url, apiKey, billFile }: HelpFacts): string {
  const example = exampleRequests[0]?.request;
  const body = JSON.stringify([{ ...example, positivePrompt: 'a lighthouse at dusk', taskUUID: 'PUT-A-UUID-V4-HERE' }]);
  return `Runware emulator

It speaks the HTTP API of Runware (https://runware.ai) for imageInference with xai:grok-imagine@image,
draws real images, calls webhooks, uploads by PUT, and keeps a bill. It charges no money.

Try it (each task needs its own taskUUID):

  curl ${url}/v1 \\
    -H 'Authorization: Bearer ${apiKey}' \\
    -H 'Content-Type: application/json' \\
    -d '${body.replace('PUT-A-UUID-V4-HERE', "'$(uuidgen -r)'")}'

  POST /v1                 imageInference (sync, async), getResponse, getTaskDetails
  GET  /image/<file>       the images
  GET  /_emulator/faults   the switches; PUT sets them, PUT {} resets them
  GET  /_emulator/bill     the bill, also in ${billFile}
  GET  /_emulator/stats    counts
`;
}
