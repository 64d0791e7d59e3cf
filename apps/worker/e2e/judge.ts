import { taskUuidOf, type GenerationView } from '@darkroom/contracts';
import { createObjectStorage } from '@darkroom/object-storage';
import { countExecutions, readBilledTasks, type Fleet } from '@darkroom/testing';
import { expect } from 'vitest';

/** Checks that each generation has one verified image, one record of it and one execution on the bill, and that nothing else was bought. */
export async function expectOneOfEach(fleet: Fleet, generations: readonly GenerationView[], alreadyBilled = 0): Promise<void> {
  const storage = createObjectStorage({ ...fleet.s3Config, requestTimeoutMs: 5000, maxImageBytes: 32 * 1024 * 1024 }, { now: Date.now });
  try {
    const bill = await readBilledTasks(fleet.billFile);
    for (const generation of generations) {
      expect(generation.status, generation.generationId).toBe('succeeded');
      const ref = { generationId: generation.generationId, index: 0, n: 1 };
      const [image] = generation.images;
      expect(image?.submissions).toBe(1);
      expect(bill.get(taskUuidOf(ref))?.executions, 'executions').toBe(1);
      expect((await storage.findResult(ref))?.image).toEqual(image?.image);
      const stored = await storage.readImage(ref, 'JPG');
      expect(stored.kind === 'found' && stored.bytes.length).toBe(image?.image?.sizeBytes);
    }
    expect(countExecutions(bill) - alreadyBilled).toBe(generations.length);
  } finally {
    storage.close();
  }
}
