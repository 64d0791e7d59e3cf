import { createHash } from 'node:crypto';
import type { GrokImagineRequestInput } from '@darkroom/contracts';
import { createObjectStorage } from '@darkroom/object-storage';
import sharp from 'sharp';
import { expect } from 'vitest';
import type { Rows } from './row.ts';
import { expectWhole, verified, type PageWorld } from './world.ts';

const positivePrompt = 'the same, at night';
const draw = (side: number): Promise<Buffer> =>
  sharp({ create: { width: side, height: side, channels: 3, background: '#204060', noise: { type: 'gaussian', mean: 128, sigma: 60 } } })
    .png()
    .toBuffer();

/** Returns an image in each form that the page allows. */
async function inlineForms(): Promise<Record<string, string>> {
  const base64 = (await draw(64)).toString('base64');
  return {
    uuid: 'c62f6951-f37f-4019-a51c-0ed55c202732',
    url: 'https://example.org/cat.jpg?token=1',
    'data URI': `data:image/png;base64,${base64}`,
    base64,
  };
}

/** Without a size, with a size and with a resolution: the page documents all three. */
const geometries = [{}, { width: 1280, height: 896 }, { resolution: '1K' }] as const;
const withReference = (image: string, geometry: (typeof geometries)[number]): GrokImagineRequestInput => ({
  positivePrompt,
  ...geometry,
  inputs: { referenceImages: [image] },
});

async function expectEdited(world: PageWorld, made: Awaited<ReturnType<PageWorld['makeAll']>>): Promise<void> {
  for (const [at, each] of made.entries()) {
    await expectWhole(world, each);
    expect(each.generation.costUsd).toBe('0.022');
    const geometry = geometries[at % geometries.length] ?? {};
    const sent = await world.sent(each.generation.images[0]!.taskUUID);
    expect({ width: sent['width'], height: sent['height'], resolution: sent['resolution'] }).toEqual({ ...noGeometry, ...geometry });
    if ('width' in geometry) expect(verified(each.generation.images[0])).toMatchObject(geometry);
  }
}
const noGeometry = { width: undefined, height: undefined, resolution: undefined };

/** The rows about the input. */
export const inputRows: Rows = {
  'inputs.referenceImages: the provider gets each form of the page unchanged, alone, with a size and with a resolution': async (world) => {
    const forms = Object.values(await inlineForms());
    const made = await world.makeAll(forms.flatMap((image) => geometries.map((geometry) => withReference(image, geometry))));
    await expectEdited(world, made);
    for (const [at, { generation }] of made.entries()) {
      const { inputs } = await world.sent(generation.images[0]!.taskUUID);
      expect(inputs).toEqual({ referenceImages: [forms[Math.floor(at / geometries.length)]] });
    }
  },

  'inputs.referenceImages: an image in the bucket reaches the provider as a URL of its bytes, and stays a name in record and intent':
    async (world) => {
      const bytes = await draw(512);
      expect(bytes.length, 'too large to travel in a request').toBeGreaterThan(262_144);
      const reference = await world.images.putReferenceImage(bytes);
      const made = await world.makeAll(geometries.map((geometry) => withReference(reference, geometry)));
      await expectEdited(world, made);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const storage = createObjectStorage({ ...world.fleet.s3Config, requestTimeoutMs: 5000, maxImageBytes: 1 }, { now: Date.now });
      for (const { generation } of made) {
        const { inputs } = await world.sent(generation.images[0]!.taskUUID);
        const [url = ''] = (inputs as { referenceImages: string[] }).referenceImages; // the form of the page
        expect(new URL(url).pathname).toBe(`/darkroom/inputs/default/${sha256}`);
        expect(Number(new URL(url).searchParams.get('X-Amz-Expires'))).toBeGreaterThanOrEqual(86_400);
        const response = await fetch(url, { headers: { connection: 'close' } });
        expect(response.headers.get('content-type')).toBe('image/png');
        expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
        // The URL is a secret and expires, so neither the record nor the intent holds it.
        expect(generation.request.inputs?.referenceImages).toEqual([reference]);
        const stored = await storage.findRequest(generation.generationId);
        expect(stored.kind === 'found' && stored.kept.request.inputs).toEqual({ referenceImages: [reference] });
      }
      storage.close();
      for (const worker of world.fleet.workers) expect(await worker.log()).not.toContain('X-Amz-Signature');
    },

  'inputs.referenceImages: the producer refuses an image that is too large for a request, and says how to pass it': async (world) => {
    const image = `data:image/png;base64,${(await draw(512)).toString('base64')}`;
    await expect(world.producer.enqueue(withReference(image, {}))).rejects.toMatchObject({
      problems: [{ path: 'inputs.referenceImages', message: expect.stringMatching(/at most 262144 bytes together; .* putReferenceImage/) }],
    });
    const reference = await world.images.putReferenceImage(image);
    await expectWhole(world, await world.make(withReference(reference, {})));
  },
};
