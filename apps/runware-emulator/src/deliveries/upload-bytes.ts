import type { Dice } from '../dice.ts';
import type { FaultName, UploadKind } from '../faults/schema.ts';
import type { Gallery } from '../images/gallery.ts';
import { purposeOf, type Task } from '../state/task.ts';
import { sizeOf } from '../tasks/image-request.ts';

const kindsByRate = [
  ['uploadTruncatedRate', 'truncated'],
  ['uploadEmptyRate', 'empty'],
  ['uploadHtmlRate', 'html'],
  ['uploadOtherFormatRate', 'other-format'],
  ['uploadOtherSizeRate', 'other-size'],
] as const satisfies readonly (readonly [FaultName, UploadKind])[];

/** Draws the contents of the upload of an image; by default the image. */
export function drawUploadKind(dice: Dice, task: Task, index: number): UploadKind {
  const shares = kindsByRate.map(([rate, kind]) => [rate, task.faults[rate], kind] as const);
  return dice.oneOf<UploadKind>(shares, ...purposeOf('upload-kind', task, index)) ?? 'image';
}

const HTML = Buffer.from(
  `<!doctype html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1><p>${'The origin is away. '.repeat(100)}</p>\n`,
);

/** Loads the bytes of an upload. @param seed The seed of the image. */
export async function loadUpload(kind: UploadKind, { request }: Task, seed: number, gallery: Gallery): Promise<Buffer> {
  switch (kind) {
    case 'image':
      return gallery.load({ request }, seed);
    case 'truncated': {
      const whole = await gallery.load({ request }, seed);
      return whole.subarray(0, whole.length >> 1);
    }
    case 'empty':
      return Buffer.alloc(0);
    case 'html':
      return HTML;
    case 'other-format':
      return gallery.load({ request: { ...request, outputFormat: request.outputFormat === 'PNG' ? 'JPG' : 'PNG' } }, seed);
    case 'other-size': {
      const { width, height } = sizeOf(request);
      // No half size is in the table of the page: the halves of its sides range from 288 to 704.
      return gallery.load({ request: { ...request, width: width >> 1, height: height >> 1 } }, seed);
    }
    case 'other-image':
      return gallery.load({ request }, seed + 1);
  }
}
