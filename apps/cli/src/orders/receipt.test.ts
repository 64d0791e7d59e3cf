import { expect, test } from 'vitest';
import { buildGeneration, buildVerifiedImage } from '../../test/build-generation.ts';
import { formatReceipt, type ReceiptRow } from './receipt.ts';

const image = buildVerifiedImage();

const row = (costUsd: string, saved: ReceiptRow['saved']): ReceiptRow => ({
  generation: buildGeneration({ status: 'succeeded', costUsd, createdAt: 1000, finishedAt: 2340 }),
  saved,
});

test('the columns are aligned, the prompt is shortened, the sum is exact', () => {
  const saved = { kind: 'saved', image, file: '/data/1.jpg' } as const;
  expect(formatReceipt([row('0.1', saved), row('0.2', { kind: 'differs', image })], "on the emulator's bill")).toEqual([
    '  prompt                                      size      cost (USD)  seconds  file',
    '  A surreal cinematic scene of a lone astro…  1280x896  0.1         1.3      /data/1.jpg',
    '  A surreal cinematic scene of a lone astro…  1280x896  0.2         1.3      not saved: it differs from what was verified',
    '',
    "  in all 0.3 USD, on the emulator's bill",
  ]);
});
