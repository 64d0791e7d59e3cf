import { accessSync, constants, existsSync } from 'node:fs';
import path from 'node:path';
import { extensionOf, InvalidRequestError, type GenerationView } from '@darkroom/contracts';
import { makeFolders } from '@darkroom/service-runtime';
import type { Client } from './client.ts';

/** Makes a folder for images, before any is bought. @throws InvalidRequestError for one that cannot be made or written. */
export function makeFolder(folder: string): void {
  try {
    makeFolders(folder);
    accessSync(folder, constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException; // of the calls above
    throw new InvalidRequestError([{ path: '--out', message: `must be a folder that can be written: ${code}`, given: `"${folder}"` }]);
  }
}

/**
 * Saves the verified images of a generation, each under its id and index; a file that is there was saved whole before, and stays.
 * @returns the paths, in the order of the images. @throws the errors of `saveImage`.
 */
export async function saveFiles(view: GenerationView, client: Pick<Client, 'saveImage'>, folder: string): Promise<string[]> {
  const files: string[] = [];
  for (const { index, image } of view.images) {
    if (image === undefined) continue;
    const file = path.join(folder, `${view.generationId}-${index}.${extensionOf(image.format)}`);
    if (!existsSync(file)) await client.saveImage(view, index, file);
    files.push(file);
  }
  return files;
}
