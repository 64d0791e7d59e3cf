import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isFromRunware, parseTranscript, type RecordedExchange, type Transcript } from '../packages/runware-client/src/index.ts';

const FOLDER = 'packages/runware-client/fixtures';
const NEVER = 'never seen';

/** A file of the folder, with its content. */
type File = readonly [name: string, transcript: Transcript];

const files = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .map((name): File => [name, parseTranscript(readFileSync(`${FOLDER}/${name}`, 'utf8'), name)]);

interface Row {
  number: number;
  settled: string;
}

const rowsOf = (page: string): Row[] =>
  [...page.matchAll(/^\| (\d+) \|.*\| ([^|]+) \|$/gm)].map(([, number, settled = '']) => ({ number: Number(number), settled }));

/** A refusal of the account, a gateway's error and silence settle nothing. */
const settles = ({ answer }: RecordedExchange): boolean =>
  answer.kind === 'answered' && answer.status < 500 && ![401, 402, 403, 429].includes(answer.status);

/** Returns the problems of a page, in words that say what to write. */
function problemsOf(page: string, all: readonly File[]): string[] {
  const real = all.filter(([, transcript]) => isFromRunware(transcript));
  const named = ([name, { date }]: File): string => `\`${name}\`, ${date.slice(0, 10)}`;
  return rowsOf(page).flatMap(({ number, settled }) => {
    const seen = real.filter(([, { exchanges }]) => exchanges.some((exchange) => exchange.questions.includes(number) && settles(exchange)));
    const allowed = seen.length === 0 ? [NEVER] : seen.map(named);
    return allowed.includes(settled)
      ? []
      : [`row ${number} says "${settled}"; it must say ${allowed.map((text) => `"${text}"`).join(' or ')}`];
  });
}

const page = readFileSync('docs/runware.md', 'utf8');

test('each row of docs/runware.md says "never seen", or names the file and the date of an answer of Runware', () => {
  expect(rowsOf(page)).toHaveLength(12);
  expect(problemsOf(page, files)).toEqual([]);
});

test('README says that Darkroom has not bought from the real Runware, exactly as long as no transcript shows that it did', () => {
  const hasBought = files.some(
    ([, transcript]) =>
      isFromRunware(transcript) &&
      transcript.exchanges.some(({ answer, meaning }) => answer.kind === 'answered' && JSON.stringify(meaning).includes('"imageURL"')),
  );
  expect(readFileSync('README.md', 'utf8').includes('Darkroom has not bought from the real Runware yet')).toBe(!hasBought);
});

test('git ignores the transcripts of a probe, but not their copies among the fixtures', () => {
  const lines = readFileSync('.gitignore', 'utf8').split('\n');
  expect(lines).toEqual(expect.arrayContaining(['probe-*.json', 'probe-*.json.partial']));
  expect(lines.indexOf(`!${FOLDER}/*.json`)).toBeGreaterThan(lines.indexOf('probe-*.json'));
});

describe('the rule for rows', () => {
  const emulator = files.find(([name]) => name === 'probe-emulator.json');
  if (emulator === undefined) throw new Error('the transcript of the emulator is missing');
  const fromRunware = (changes: Partial<Transcript> = {}): File => [
    'probe-2027-01-02.json',
    { ...emulator[1], provider: 'api.runware.ai', date: '2027-01-02T03:04:05.000Z', ...changes },
  ];
  const settledBy = (number: number, text: string): string =>
    page.replace(new RegExp(`^(\\| ${number} \\|.*\\| )[^|]+ \\|$`, 'm'), (_, before: string) => `${before}${text} |`);
  const asked = [1, 2, 3, 4, 5, 6, 8, 9, 10, 11];
  const good = '`probe-2027-01-02.json`, 2027-01-02';

  test('a transcript of the emulator settles nothing', () => {
    expect(problemsOf(settledBy(4, '`probe-emulator.json`, 2026-11-29'), [emulator])).toHaveLength(1);
    expect(problemsOf(page, [emulator])).toEqual([]);
  });

  test('a transcript of Runware settles the rows that its steps ask about', () => {
    const problems = problemsOf(page, [fromRunware()]);
    expect(problems).toHaveLength(asked.length);
    expect(problems[0]).toBe(`row 1 says "never seen"; it must say "${good}"`);
    const settled = asked.reduce(
      (text, number) => text.replace(new RegExp(`^(\\| ${number} \\|.*\\| )never seen \\|$`, 'm'), `$1${good} |`),
      page,
    );
    expect(problemsOf(settled, [fromRunware()])).toEqual([]);
  });

  test.each([
    ['another date', '`probe-2027-01-02.json`, 2027-01-03'],
    ['a file that is not there', '`probe-2027-01-01.json`, 2027-01-02'],
    ['words of its own', 'seen'],
  ])('the check names %s', (_, text) => {
    expect(problemsOf(settledBy(9, text), [fromRunware()])).toContainEqual(expect.stringContaining('row 9 says'));
    expect(problemsOf(settledBy(9, text), [])).toContainEqual(expect.stringContaining('row 9 says'));
  });

  test('a refused key, a gateway’s error and silence settle nothing', () => {
    const answers = [
      { kind: 'answered', status: 401, headers: {}, body: { kind: 'none' } },
      { kind: 'answered', status: 503, headers: {}, body: { kind: 'none' } },
      { kind: 'interrupted', code: 'ECONNRESET' },
    ] as const;
    for (const answer of answers) {
      const exchanges = emulator[1].exchanges.map((exchange) => ({ ...exchange, answer }));
      expect(problemsOf(page, [fromRunware({ exchanges })])).toEqual([]);
    }
  });

  test.each(['127.0.0.1:46999', 'localhost', 'runware.ai.example.com', 'api.runware.ai:8443', 'notrunware.ai'])(
    'an answer of %s is not one of Runware',
    (provider) => expect(problemsOf(page, [fromRunware({ provider })])).toEqual([]),
  );
});
