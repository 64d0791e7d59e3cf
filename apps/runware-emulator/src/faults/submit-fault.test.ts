import { expect, test } from 'vitest';
import { diceOf } from '../dice.ts';
import { parseFaults } from './parse-faults.ts';
import { drawSubmitFault } from './submit-fault.ts';

const dice = diceOf('1');
const drawMany = (faults: object, count = 1000) =>
  Array.from({ length: count }, (_, index) => drawSubmitFault(parseFaults(faults), dice, 'task', index));

test('a submission has at most one fault, each for its share of what the earlier ones left', () => {
  const kinds = drawMany({ submitResetBeforeRate: 0.2, submit503Rate: 0.3 }).map((fault) => fault?.kind);
  expect(kinds.filter((kind) => kind === 'reset').length).toBeGreaterThan(150);
  expect(kinds.filter((kind) => kind === 'reset').length).toBeLessThan(250);
  expect(kinds.filter((kind) => kind === 'refusal').length).toBeGreaterThan(190);
  expect(kinds.filter((kind) => kind === 'refusal').length).toBeLessThan(290);
});

test('each submission of the same id draws again', () => {
  const struck = drawMany({ submit500Rate: 0.5 }, 20).map((fault) => fault !== undefined);
  expect(struck).toContain(true);
  expect(struck).toContain(false);
});

test('submit5xxAcceptedRate hides an acceptance behind a 5xx, and never behind a 429', () => {
  expect(drawMany({ submit500Rate: 1, submit5xxAcceptedRate: 1 }, 5)).toEqual(Array(5).fill(expect.objectContaining({ accepts: true })));
  expect(drawMany({ submit500Rate: 1 }, 5)).toEqual(Array(5).fill(expect.objectContaining({ accepts: false })));
  expect(drawMany({ submit429Rate: 1, submit5xxAcceptedRate: 1 }, 5)).toEqual(Array(5).fill(expect.objectContaining({ accepts: false })));
});
