import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createProbeClient, createRecorder, type Transcript } from '../src/index.ts';
import { createSanitizer } from '../src/transcript/sanitize.ts';
import { startScriptedProvider, type Script } from './scripted-provider.ts';
import { NOW, taskUUID } from './world.ts';

const canaries = {
  apiKey: 'rw-7Hq2ZtPn4KxW9sVbL3mD8cYfGjR5aEuT',
  prompt: 'A "violet" heron, größer als 7 Türme & made <of> glass',
  secondPrompt: 'lighthouse',
  accessKey: 'AKIAQ7EXAMPLE2CANARY',
  secretKey: 'tJ8/xKq+EXAMPLEKEY/bPxRfiCYzzzCANARY0000',
  signature: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  capability: 'k1.Zm9vYmFyLWNhbmFyeS1jYXBhYmlsaXR5',
  webhookToken: 'wh-token-5512-canary-0091',
  proxyToken: 'pr0xy-canary-7781-path',
  accountEmail: 'owner.canary@example.org',
};

const ascii = (text: string): string =>
  JSON.stringify(text)
    .slice(1, -1)
    .replaceAll(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Encodings of a secret by a provider, a gateway or their logs. */
const formsOf = (secret: string): string[] => {
  const bytes = Buffer.from(secret);
  const shifted = (before: string): string => Buffer.from(`${before}${secret}${before}`).toString('base64');
  return [
    secret,
    secret.toUpperCase(),
    JSON.stringify(secret).slice(1, -1),
    JSON.stringify(JSON.stringify(secret)),
    ascii(secret),
    encodeURIComponent(secret),
    encodeURIComponent(secret).replaceAll('%20', '+'),
    encodeURIComponent(encodeURIComponent(secret)),
    secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;'),
    bytes.toString('base64'),
    bytes.toString('base64url'),
    shifted('x'),
    shifted('xy'),
    bytes.toString('hex'),
    secret.split('').toReversed().join(''),
    secret.slice(0, 20),
    secret.slice(-20),
  ];
};
const secrets = Object.values(canaries);
const forms = secrets.flatMap(formsOf);

/** Maximum number of consecutive characters of a secret that a file may hold, in any encoding. */
const RUN = 10;
const runsOf = (text: string): string[] => Array.from({ length: text.length - RUN + 1 }, (_, at) => text.slice(at, at + RUN));
const runs = new Set(forms.flatMap((form) => runsOf(form.toLowerCase())));

/** Finds the runs of secrets that a text holds. */
const leaksIn = (text: string): string[] =>
  text.length < RUN ? [] : [...new Set(runsOf(text.toLowerCase()).filter((run) => runs.has(run)))];

const presigned = `https://bucket.s3.amazonaws.com/staging/1?X-Amz-Credential=${canaries.accessKey}%2F20261129&X-Amz-Signature=${canaries.signature}`;
const webhookURL = `https://hooks.example.com/${canaries.webhookToken}/runware?capability=${canaries.capability}`;

/** Returns the file's text of everything recorded while the provider gives this answer. */
async function record(script: Script): Promise<string> {
  await using provider = await startScriptedProvider();
  const written: string[] = [];
  const url = `${provider.url}/${canaries.proxyToken}/v1`;
  const onChange = (transcript: Transcript): void => void written.push(JSON.stringify(transcript));
  const recorder = createRecorder({ url, apiKey: canaries.apiKey, darkroom: '1.0.0' }, { now: () => NOW, onChange });
  const config = { url, apiKey: canaries.apiKey, requestTimeoutMs: 5000, maxImageBytes: 1024, imageHosts: [provider.host] };
  const client = createProbeClient(config, { now: () => NOW, recorder });
  recorder.beginStep([1], 'canary');
  const buyAll = async (): Promise<void> => {
    for (const prompt of [canaries.prompt, canaries.secondPrompt])
      await client.buy({ taskUUID, prompt, uploadEndpoint: presigned, webhookURL });
  };
  // A provider cannot repeat a text that was not sent to it yet.
  await buyAll();
  provider.script = script;
  await buyAll();
  await client.poll([taskUUID]);
  await client.details(taskUUID);
  await client.fetchImage(`${provider.url}/${canaries.signature}.jpg?token=${canaries.capability}`);
  for (const kind of ['webhook', 'upload'] as const)
    recorder.delivery(
      {
        kind,
        method: 'POST',
        headers: forms.map((form) => [form, form] as const),
        body: Buffer.from(JSON.stringify(echoes(forms))),
        status: 200,
      },
      NOW,
    );
  recorder.end();
  return written.slice(-2).join('\n');
}

/** An answer that repeats texts in every place for a text. */
const echoes = (texts: readonly string[]): unknown => ({
  data: texts.flatMap((text) => [
    {
      taskType: text,
      taskUUID: text,
      imageUUID: text,
      imageURL: `https://im.runware.ai/${encodeURIComponent(text)}.jpg?token=${text}`,
      status: text,
    },
    {
      imageURL: `https://${text.replaceAll(/[^\w]/g, '-')}.runware.ai/a.jpg`,
      model: text,
      [text]: text,
      unheardOf: { [text]: [text, { deep: text }] },
    },
    { request: { positivePrompt: text, webhookURL: text, uploadEndpoint: text, note: text }, response: { data: [{ message: text }] } },
  ]),
  errors: texts.flatMap((text) => [
    text,
    { code: text, parameter: text, type: text, message: text, documentation: text, allowedValues: [text], status: text },
    { error: { code: text, message: `Invalid value for 'positivePrompt' parameter: ${text}. It must be shorter.` } },
    { message: `{"positivePrompt":"${text}"}`, error: text, errors: [text, `the key ${text} has a balance of 12.34 USD`] },
  ]),
  error: texts.join(' '),
  message: texts.join(','),
});

describe('a secret is nowhere in the file of a probe', () => {
  test('if the provider repeats it in every field, in every encoding, and in headers', async () => {
    const visible = forms.filter((form) => /^[\x21-\x7e]+$/.test(form));
    const file = await record((_request, response) => {
      visible.forEach((form, index) => response.setHeader(`x-echo-${index}`, form));
      response.writeHead(400, {
        'content-type': `application/json; key=${canaries.apiKey}`,
        [canaries.apiKey]: 'x',
        'x-ratelimit-limit': canaries.signature,
      });
      response.end(JSON.stringify(echoes(forms)));
    });
    expect(file.length).toBeGreaterThan(10_000);
    expect(leaksIn(file)).toEqual([]);
  });

  test('if the answer is a page, a text, or JSON of another shape', async () => {
    for (const body of [forms.join('<br>'), JSON.stringify(forms), JSON.stringify(forms.join()), JSON.stringify({ a: { b: forms } })])
      expect(leaksIn(await record((_request, response) => void response.writeHead(502).end(body)))).toEqual([]);
  });

  test('if no answer comes', async () => {
    expect(leaksIn(await record((_request, response) => void response.socket?.destroy()))).toEqual([]);
  });

  test('in any place among the names of the API', () => {
    const name = fc.constantFrom(
      'code',
      'message',
      'status',
      'type',
      'parameter',
      'error',
      'errors',
      'allowedValues',
      'imageURL',
      'model',
      'x',
      'cost',
    );
    const text = fc.oneof(
      fc.constantFrom(...forms),
      fc
        .tuple(fc.constantFrom(...forms), fc.constantFrom(' ', '.', '_', '', '"', '=', '%'))
        .map(([form, glue]) => `value${glue}${form}${glue}invalid`),
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        text,
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(fc.oneof(name, text), tie('tree'), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        const sanitizer = createSanitizer(canaries.apiKey);
        for (const secret of secrets) sanitizer.hide(secret);
        expect(leaksIn(JSON.stringify(sanitizer.json(value)))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('even if it is unknown, a signature or a token in place of a code', () => {
    const { json } = createSanitizer('another-key');
    const unknown = [
      canaries.apiKey,
      canaries.accessKey,
      canaries.secretKey,
      canaries.signature,
      canaries.capability,
      canaries.accountEmail,
    ];
    for (const value of unknown)
      for (const name of ['code', 'status', 'type', 'parameter', 'message', 'model', 'allowedValues', 'whatever'])
        expect(leaksIn(JSON.stringify(json({ [name]: value, [value]: [value] })))).toEqual([]);
  });
});

describe('a transcript keeps the values that a reader needs', () => {
  const { json, headers } = createSanitizer(canaries.apiKey);

  test.each([
    { code: 'conflictTaskUUID', parameter: 'taskUUID', type: 'string' },
    { code: 'invalidInputsReferenceImages', parameter: 'inputs.referenceImages[0]', allowedValues: ['JPG', '1024x1024', '2k', 1024] },
    { message: "Invalid value for 'width' parameter. It must be one of the following: 1024, 1280." },
    { taskType: 'imageInference', status: 'processing', cost: 0.02, seed: 7, model: 'xai:grok-imagine@image', NSFWContent: false },
    { code: 'timeout_provider' },
    { error: { code: 'HTTP_429', message: 'Rate limit exceeded, please try again later' } },
  ])('%j', (value) => expect(json(value)).toEqual(value));

  test('replaces ids and addresses by new names, equal ones by the same name', () => {
    const image = 'https://im.runware.ai/image/ii/0f4c.jpg?token=1';
    const kept = JSON.stringify(
      json([{ taskUUID, imageURL: image }, { taskUUID, imageURL: image }, { taskUUID: `${taskUUID.slice(0, -1)}0` }]),
    );
    expect(kept).not.toContain(taskUUID);
    const [first, second, third] = JSON.parse(kept) as { taskUUID: string; imageURL: string }[];
    expect(second).toEqual(first);
    expect(first?.imageURL).toMatch(/^https:\/\/im\.runware\.ai\/address-\d+\.jpg$/);
    expect(third?.taskUUID).not.toBe(first?.taskUUID);
  });

  test('keeps the host of an image on this machine, although webhooks lead to this machine as well', () => {
    const sanitizer = createSanitizer(canaries.apiKey);
    sanitizer.hide('http://127.0.0.1:46998/webhook/1');
    expect(sanitizer.address('http://127.0.0.1:46999/images/1.jpg')).toBe('http://127.0.0.1:46999/address-1.jpg');
  });

  test('omits a balance and keeps a limit', () => {
    expect(json({ message: 'balance: 12.34', balance: 12.34 })).toEqual({ message: 'balance: …', balance: 0 });
    expect(json({ message: 'must be between 128 and 2048' })).toEqual({ message: 'must be between 128 and 2048' });
  });

  test('headers', () => {
    const all = { 'content-type': 'application/json; charset=utf-8', 'retry-after': '7', 'cf-ray': '8f1-VIE', authorization: 'Bearer x' };
    expect(headers(Object.entries(all))).toEqual({ ...all, 'cf-ray': '<cf-ray>', authorization: '<authorization>' });
  });
});
