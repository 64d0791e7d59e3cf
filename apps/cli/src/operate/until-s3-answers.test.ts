import { StorageError } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { untilS3Answers } from './until-s3-answers.ts';

const away = new StorageError('storage.unavailable', 'S3 did not answer within 10000 ms', { reached: 'maybe' });

/** Runs work that fails so many times. @returns the number of its runs, what was told, and how it ended. */
async function run(failures: number, error: Error = away, mayRepeat = true, signal = new AbortController().signal) {
  const told: string[] = [];
  let runs = 0;
  const work = async (): Promise<string> => {
    runs += 1;
    if (runs <= failures) throw error;
    return 'done';
  };
  const options = {
    terminal: { complain: (text: string) => void told.push(text) },
    signal,
    mayRepeat: async () => mayRepeat,
    firstPauseMs: 1,
  };
  const end = await untilS3Answers(work, options).catch((reason: unknown) => reason);
  return { runs, told, end };
}

test('work goes on after requests that S3 did not answer, and says so', async () => {
  expect(await run(4)).toEqual({ runs: 5, told: Array.from({ length: 4 }, () => expect.stringContaining('goes on in 1 s')), end: 'done' });
});

test('it ends with the error of the fifth try, of another error, of work that may not be begun again, and of an interruption', async () => {
  expect(await run(5)).toMatchObject({ runs: 5, end: away });
  const corrupt = new StorageError('storage.corrupt-record', 'x', { reached: 'yes' });
  expect(await run(1, corrupt)).toEqual({ runs: 1, told: [], end: corrupt });
  expect(await run(1, away, false)).toEqual({ runs: 1, told: [], end: away });
  expect(await run(1, away, true, AbortSignal.abort())).toEqual({ runs: 1, told: [], end: away });
});
