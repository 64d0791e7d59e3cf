import { describe, expect, test } from 'vitest';
import {
  canMoveGeneration,
  canMoveSubmission,
  generationMoves,
  generationStatuses,
  imageMoves,
  isFinalGeneration,
  isFinalSubmission,
  submissionMoves,
  submissionStatuses,
  submissionStatusesBefore,
} from './statuses.ts';

const finalSubmissions = submissionStatuses.filter(isFinalSubmission);

describe.each([
  ['submission', submissionMoves],
  ['image', imageMoves],
  ['generation', generationMoves],
])('the table of a %s', (_, table: Record<string, readonly string[]>) => {
  test('moves only between its own statuses, and never to the same one', () => {
    for (const [from, moves] of Object.entries(table)) {
      for (const to of moves) expect(Object.keys(table), `${from} to ${to}`).toContain(to);
      expect(moves, from).not.toContain(from);
      expect(new Set(moves).size, from).toBe(moves.length);
    }
  });

  test('reaches every status from the first', () => {
    const [first = ''] = Object.keys(table);
    const reached = new Set([first]);
    for (const from of reached) for (const to of table[from] ?? []) reached.add(to);
    expect([...reached].toSorted()).toEqual(Object.keys(table).toSorted());
  });

  test('never moves on from succeeded', () => {
    expect(table['succeeded']).toEqual([]);
  });
});

describe('a submission', () => {
  test('is final if nothing more is bought or expected', () => {
    expect(finalSubmissions).toEqual(['succeeded', 'failed', 'lost', 'unknown']);
  });

  // I4; later knowledge may settle an unknown outcome, only the image itself settles the other two.
  test('never moves back from a final status, and only a late image moves it on', () => {
    const moves = finalSubmissions.flatMap((from) =>
      submissionStatuses.filter((to) => canMoveSubmission(from, to)).map((to) => `${from} > ${to}`),
    );
    expect(moves).toEqual(['failed > succeeded', 'lost > succeeded', 'unknown > succeeded', 'unknown > failed', 'unknown > lost']);
  });

  test('is accepted, lost or unknown after a commit, even one that Redis forgot or a refusal undid', () => {
    expect(submissionStatusesBefore('accepted')).toEqual(['planned', 'committed']);
    expect(submissionStatusesBefore('lost')).toEqual(['planned', 'committed', 'accepted', 'unknown']);
    expect(submissionStatusesBefore('unknown')).toEqual(['planned', 'committed', 'accepted']);
  });

  test('goes back to planned only while the provider may not have it', () => {
    expect(submissionStatusesBefore('planned')).toEqual(['committed']);
  });

  test('may move to succeeded from every other status, because S3 decides about purchases', () => {
    expect(submissionStatusesBefore('succeeded')).toEqual(['planned', 'committed', 'accepted', 'failed', 'lost', 'unknown']);
  });

  test('moves exactly where its table says', () => {
    for (const from of submissionStatuses) {
      const before = submissionStatuses.filter((to) => submissionStatusesBefore(to).includes(from));
      expect(before.toSorted(), from).toEqual([...submissionMoves[from]].toSorted());
    }
  });
});

test('an image has the final moves of its submissions', () => {
  for (const from of finalSubmissions) {
    expect(from in imageMoves && imageMoves[from as keyof typeof imageMoves], from).toEqual(submissionMoves[from]); // "in" has checked it
  }
});

describe('a generation', () => {
  test('has no moves from a final status', () => {
    expect(generationStatuses.filter(isFinalGeneration)).toEqual(['succeeded', 'partial', 'failed', 'cancelled', 'expired']);
    for (const from of generationStatuses.filter(isFinalGeneration)) {
      for (const to of generationStatuses) expect(canMoveGeneration(from, to), `${from} to ${to}`).toBe(false);
    }
  });

  test('has images only after running, and never returns to queued', () => {
    expect(canMoveGeneration('queued', 'running')).toBe(true);
    expect(canMoveGeneration('queued', 'succeeded')).toBe(false);
    expect(canMoveGeneration('queued', 'partial')).toBe(false);
    expect(generationStatuses.filter((from) => canMoveGeneration(from, 'queued'))).toEqual([]);
  });

  test('can be cancelled and can expire until it is final', () => {
    for (const to of ['cancelled', 'expired'] as const) {
      expect(generationStatuses.filter((from) => canMoveGeneration(from, to))).toEqual(['queued', 'running']);
    }
  });
});
