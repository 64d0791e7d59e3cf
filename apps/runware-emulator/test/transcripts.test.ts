import { readdirSync, readFileSync } from 'node:fs';
import { parseTranscript, type Transcript } from '@darkroom/runware-client';
import { expect, test } from 'vitest';
import { playTranscript } from './play-transcript.ts';

/** Folder of the transcripts of probes, which also test our client. */
const folder = new URL('../../../packages/runware-client/fixtures/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.json'));

const load = (name: string): Transcript => parseTranscript(readFileSync(new URL(name, folder), 'utf8'), name);

test('there are transcripts', () => expect(names).not.toEqual([]));

// A difference is a mistake of the emulator, or one of its switches, which the file must name in `switches`.
test.each(names)('%s: the emulator answers the same requests in the same shape', async (name) => {
  expect(await playTranscript(load(name))).toEqual([]);
});

/** Returns the exchanges about one image and about deliveries, without the large requests, which take long to send. */
const short = (): Transcript => {
  const { exchanges, ...rest } = load('probe-emulator.json');
  return { ...rest, exchanges: exchanges.filter(({ questions }) => questions.includes(10) || questions.includes(1)) };
};

type Change = (text: string) => string;

test.each<[string, Change]>([
  ['a field with another name', (text) => text.replace('"imageURL":', '"imageUrl":')],
  ['a field of another type', (text) => text.replace('"cost":0.02', '"cost":"0.02"')],
  ['a field that is missing', (text) => text.replace('"progress":0', '"step":0')],
  ['another code', (text) => text.replace('"code":"conflictTaskUUID"', '"code":"taskUUIDInUse"')],
  ['another HTTP status', (text) => text.replace('"status":400', '"status":409')],
  ['another form of webhooks', (text) => text.replaceAll(/("path":"\/webhook".*?"value":)(\{.*?\})/g, '$1{"data":[$2]}')],
])('%s in the transcript is reported as a difference', async (_, change) => {
  const text = JSON.stringify(short());
  const changed = change(text);
  expect(changed).not.toBe(text);
  expect(await playTranscript(parseTranscript(changed, 'changed'))).not.toEqual([]);
});

test('a transcript is played with the switches that it names', async () => {
  const transcript = short();
  expect(await playTranscript({ ...transcript, switches: { webhookBody: 'envelope' } })).not.toEqual([]);
  await expect(playTranscript({ ...transcript, switches: { webhookBodies: 'envelope' } })).rejects.toThrow('webhookBodies');
});
