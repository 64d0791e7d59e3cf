import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { doubtsOfDamage, readDamageFigures } from './damage.ts';

const words = ['0192-a', 'records/2026-11-22/notes.txt'];

async function figuresOf(...lines: object[]) {
  const directory = await mkdtemp(join(tmpdir(), 'damage-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, 'worker-0.log'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return readDamageFigures(directory, { words });
}

const named = (detail: string) => ({ event: 'reconcile.named', detail });
const pass = (outcome: string) => ({ event: 'reconcile.pass', outcome });

test('counts what passes named, and the passes that went through everything', async () => {
  const figures = await figuresOf(named(`records/2026-11-22/0192-a/0-1.intent.json`), named('another'), pass('whole'), pass('stopped'));
  expect(figures).toEqual({ planted: 2, named: 1, lines: 1, wholePasses: 1 });
});

test('doubts a run whose passes named a piece never, or again and again, or ended early', () => {
  expect(doubtsOfDamage({ planted: 2, named: 2, lines: 4, wholePasses: 3 }, 1)).toEqual([]);
  expect(doubtsOfDamage({ planted: 2, named: 1, lines: 5, wholePasses: 2 }, 1)).toEqual([
    'passes named 1 of 2 damaged entries and objects',
    'passes named them in 5 lines, and may do so in 4',
    '2 passes went through everything beside them, and a proof needs 3',
  ]);
});
