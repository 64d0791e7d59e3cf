import { expect, test } from 'vitest';
import { findChangedMeanings, parseTranscript, type RecordedExchange, type Transcript } from '../src/index.ts';
import { loadTranscript, replay, transcriptNames } from './replay.ts';

type Fields = Record<string, unknown>;

const names = transcriptNames();

test('there are transcripts', () => expect(names).not.toEqual([]));

test.each(names)('%s: our client still reads every answer as at its recording', async (name) => {
  expect(await replay(loadTranscript(name))).toEqual([]);
});

const wholeWay = (): Transcript => loadTranscript('probe-emulator.json');

test('the transcript of the emulator is complete', () => {
  const { exchanges, isWhole } = wholeWay();
  const meanings = JSON.stringify(exchanges.map(({ meaning }) => meaning));
  for (const part of ['"accepted"', '"refused"', '"conflict"', '"running"', '"succeeded"', '"inconclusive"', '"isImage":true', '"upload"'])
    expect(meanings).toContain(part);
  expect(meanings).toContain('"delivery":{"kind":"parsed"');
  expect(isWhole).toBe(true);
});

/** Yields every object in the provider's answers that a test may change, with its kind. */
function* objectsOf(value: unknown): Generator<Fields> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Fields; // as: an object of JSON has fields
  for (const part of Object.values(value)) yield* objectsOf(part);
}

const fieldsOf = ({ answer }: RecordedExchange): Fields[] => (answer.kind === 'answered' ? [...objectsOf(answer.body)] : []);

const rename = (fields: Fields, from: string, to: string): void => {
  fields[to] = fields[from];
  delete fields[from];
};

test.each<[string, (fields: Fields) => boolean, (fields: Fields) => void]>([
  ['a renamed imageURL', ({ imageURL }) => imageURL !== undefined, (fields) => rename(fields, 'imageURL', 'imageUrl')],
  ['a cost that is a text', ({ cost }) => cost !== undefined, (fields) => Object.assign(fields, { cost: String(fields['cost']) })],
  ['a seed that is a text', ({ seed }) => seed !== undefined, (fields) => Object.assign(fields, { seed: String(fields['seed']) })],
  ['a taskUUID that is missing', ({ seed }) => seed !== undefined, (fields) => delete fields['taskUUID']],
  ['another code', ({ code }) => code === 'conflictTaskUUID', (fields) => Object.assign(fields, { code: 'taskUUIDInUse' })],
  ['another status of a task', ({ status }) => status === 'processing', (fields) => Object.assign(fields, { status: 'success' })],
  ['errors under another name', ({ errors }) => errors !== undefined, (fields) => rename(fields, 'errors', 'problems')],
  ['data under another name', ({ data }) => data !== undefined, (fields) => rename(fields, 'data', 'results')],
])('%s in one answer fails the replay', async (_, isMeant, change) => {
  const { exchanges, ...transcript } = wholeWay();
  const exchange = exchanges.find((each) => fieldsOf(each).some(isMeant));
  expect(await replay({ ...transcript, exchanges: [exchange].filter((each) => each !== undefined) })).toEqual([]);
  change(exchange === undefined ? {} : (fieldsOf(exchange).find(isMeant) ?? {}));
  expect(await replay({ ...transcript, exchanges: [exchange].filter((each) => each !== undefined) })).not.toEqual([]);
});

test.each(['POST', 'GET'])('another HTTP status of a %s fails the replay', async (method) => {
  const { exchanges, ...transcript } = wholeWay();
  const status = method === 'POST' ? 400 : 200;
  const exchange = exchanges.find(
    ({ request, answer }) => request.method === method && answer.kind === 'answered' && answer.status === status,
  );
  Object.assign(exchange?.answer ?? {}, { status: 502 });
  expect(await replay({ ...transcript, exchanges: [exchange].filter((each) => each !== undefined) })).not.toEqual([]);
});

test('notices a renamed field of an acknowledgement, a refusal or a poll, unless our client never reads it', () => {
  const whole = wholeWay();
  const answers = whole.exchanges.filter(({ request }) => !JSON.stringify(request.body).includes('getTaskDetails'));
  const unnoticed = answers.flatMap((exchange) =>
    // The first two are the recorder's own: the body, and its value.
    fieldsOf(exchange).flatMap((fields, index) =>
      index < 2
        ? []
        : Object.keys(fields).filter((name) => {
            const changed = structuredClone(exchange);
            rename(fieldsOf(changed)[index] ?? {}, name, `${name}2`);
            return findChangedMeanings({ ...whole, exchanges: [changed] }).length === 0;
          }),
    ),
  );
  expect([...new Set(unnoticed)].toSorted()).toEqual(['allowedValues', 'documentation', 'progress', 'type']);
});

test.each([
  ['', 'the file is empty'],
  [' \n', 'the file is empty'],
  ['{"version": 1, "exchanges": [', 'not JSON, or is truncated'],
  ['{"version": 1}', 'date'],
  [JSON.stringify({ ...wholeWay(), version: 2 }), 'version'],
  [JSON.stringify({ ...wholeWay(), exchanges: [{}] }), 'exchanges.0.questions'],
  ['[]', 'the file'],
])('refuses a file that is no transcript with a reason: %#', (text, words) => {
  expect(() => parseTranscript(text, 'probe.json')).toThrow(/probe\.json.*must be a transcript of a probe/s);
  expect(() => parseTranscript(text, 'probe.json')).toThrow(words);
});
