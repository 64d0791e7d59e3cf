import { expect, test } from 'vitest';
import { whyNoProof } from '../../src/judge/proof.ts';
import { countRoads } from '../../src/judge/roads.ts';
import { createHistory } from './history.ts';
import { PRICE_NANO_USD } from './judged.ts';

/** Builds a history with so many images of each road by the records in the bucket. */
async function evidenceOf(uploads: number, addresses: number) {
  const history = createHistory();
  for (let at = 0; at < uploads; at += 1) history.settled(history.order(), 'succeeded', PRICE_NANO_USD, { road: 'upload' });
  for (let at = 0; at < addresses; at += 1) history.settled(history.order(), 'succeeded', PRICE_NANO_USD, { road: 'image-url' });
  return (await history.judge()).evidence;
}

test('each image has the road of its record, and an image after its end is late', async () => {
  const history = createHistory();
  history.settled(history.order(), 'succeeded', PRICE_NANO_USD, { road: 'upload' });
  history.settled(history.order(), 'succeeded', PRICE_NANO_USD, { road: 'image-url' });
  history.settled(history.order(), 'lost');
  history.settled(history.order(), 'failed');
  const late = history.order();
  history.settled(late, 'failed');
  history.settled(late, 'succeeded', PRICE_NANO_USD, { road: 'upload', as: 'amendment' });
  expect(countRoads((await history.judge()).evidence)).toEqual({
    counts: { upload: 1, 'image-url': 1, 'late amendment': 1, lost: 1 },
    mainShare: 0.25,
  });
});

test('a run whose images mostly came from their addresses is no proof, and says so', async () => {
  expect(whyNoProof(await evidenceOf(7, 3), 0)).toEqual([]);
  expect(whyNoProof(await evidenceOf(2, 1), 0)).toEqual(['66.7 % of the images came by upload, and a proof needs 70.0 %']);
});

test('a run without images is no proof', async () => {
  expect(whyNoProof(await evidenceOf(0, 0), 0)).toHaveLength(1);
});

test('a run that leaves one image of 200 unproven is no proof', async () => {
  const evidence = await evidenceOf(201, 0);
  expect(whyNoProof(evidence, 1)).toEqual([]);
  expect(whyNoProof(evidence, 2)).toEqual(['1.0 % of the images are unproven, and a proof may have less than 0.5 %']);
});
