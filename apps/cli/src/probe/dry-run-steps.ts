import { formatUsd } from '@darkroom/contracts';
import { describeAnswer, faultOf, IMAGE_NANO_USD, isAccepted, PROMPT, type Observation, type Probe, type Step } from './step.ts';

/** Checks that a dry run is free. All later free steps depend on the answer. */
export const dryRunStep: Step = {
  questions: [9],
  title: 'is a dry run dry: is it priced, and neither run nor kept',
  worstNanoUsd: IMAGE_NANO_USD,
  async run({ client, budget, createId, sleep, shared }) {
    const taskUUID = createId();
    const answer = await client.buy({ taskUUID, prompt: PROMPT, dry: true });
    if (answer.httpStatus === 401) {
      shared.isKeyRefused = true;
      return [
        { text: `the key is refused: ${describeAnswer(answer)}; no other question is asked. Look at RUNWARE_API_KEY`, sure: 'not seen' },
      ];
    }
    if (!isAccepted(answer)) return [{ text: `the dry run was refused: ${describeAnswer(answer)}`, sure: 'not seen' }];
    await sleep(1500);
    const polled = await client.poll([taskUUID]);
    const ran = answer.entries.some(({ hasImage }) => hasImage) || polled.entries.some((entry) => entry.fault === undefined);
    shared.isDryRunDry = !ran;
    if (ran) {
      return [{ text: 'the dry run was run as a purchase: free steps are left out', sure: 'seen once' }];
    }
    budget.giveBack(IMAGE_NANO_USD);
    const price = answer.entries.find(({ costNanoUsd }) => costNanoUsd !== undefined)?.costNanoUsd;
    shared.isTooDear = price !== undefined && price > IMAGE_NANO_USD;
    return [
      { text: `a dry run is ${price === undefined ? 'answered without a price' : 'priced'} and leaves no task behind`, sure: 'seen once' },
      ...(price !== undefined && price > IMAGE_NANO_USD
        ? [
            {
              text: `an image costs ${formatUsd(price)} USD and not ${formatUsd(IMAGE_NANO_USD)}: nothing is bought`,
              sure: 'seen once',
            } as const,
          ]
        : []),
    ];
  },
};

/** One grey pixel: the smallest possible reference image. */
const PIXEL_BASE64 = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==';
const PIXEL = `data:image/png;base64,${PIXEL_BASE64}`;
/** Returns the same image with zeros after its end, as a data URI of about this length. */
const pixelOf = (length: number): string =>
  `data:image/png;base64,${Buffer.concat([Buffer.from(PIXEL_BASE64, 'base64'), Buffer.alloc((length * 3) / 4)]).toString('base64')}`;
const IMAGE_COUNTS = [1, 2, 3, 4, 5, 8, 16];

export const referenceImagesStep: Step = {
  questions: [8],
  title: 'how many reference images may there be (dry runs)',
  worstNanoUsd: 0,
  async run(probe) {
    if (probe.shared.isDryRunDry !== true) return [leftOut];
    const { most, refusal } = await findMost(IMAGE_COUNTS, (count) =>
      probe.client.buy({
        taskUUID: probe.createId(),
        prompt: PROMPT,
        dry: true,
        referenceImages: Array.from({ length: count }, () => PIXEL),
      }),
    );
    const text = refusal === undefined ? `${most} or more are taken` : `${most} are taken, more are refused: ${refusal}`;
    const setting = { name: 'maxReferenceImages (createProducer)', value: String(most), why: 'a dry run took so many' };
    return [{ text, sure: 'seen once', ...(most === 0 ? {} : { setting }) }];
  },
};

const PROMPT_LENGTHS = [1000, 4000, 16_000, 64_000];
const BODY_SIZES = [256, 1024, 4096].map((kilobytes) => kilobytes * 1024);

export const sizesStep: Step = {
  questions: [8],
  title: 'how long may a prompt and a request be (dry runs)',
  worstNanoUsd: 0,
  async run(probe) {
    if (probe.shared.isDryRunDry !== true) return [leftOut];
    const dry = { dry: true } as const;
    const prompts = await findMost(PROMPT_LENGTHS, (length) =>
      probe.client.buy({ taskUUID: probe.createId(), prompt: 'grey '.repeat(length / 5), ...dry }),
    );
    const bodies = await findMost(BODY_SIZES, (size) =>
      probe.client.buy({ taskUUID: probe.createId(), prompt: PROMPT, referenceImages: [pixelOf(size)], ...dry }),
    );
    const say = (what: string, unit: string, { most, refusal }: Most): Observation => ({
      text: `${what}: ${most} ${unit} are taken${refusal === undefined ? ', the most that was tried' : `, more are refused: ${refusal}`}`,
      sure: 'seen once',
    });
    return [say('prompt', 'characters', prompts), say('request', 'bytes', bodies)];
  },
};

const leftOut: Observation = { text: 'left out: without dry runs it would cost money', sure: 'not seen' };

interface Most {
  most: number;
  refusal: string | undefined;
}

async function findMost(sizes: readonly number[], ask: (size: number) => ReturnType<Probe['client']['buy']>): Promise<Most> {
  let most = 0;
  for (const size of sizes) {
    const answer = await ask(size);
    if (!isAccepted(answer)) return { most, refusal: `${size}: ${describeAnswer(answer)} ${faultOf(answer)?.message ?? ''}`.trim() };
    most = size;
  }
  return { most, refusal: undefined };
}
