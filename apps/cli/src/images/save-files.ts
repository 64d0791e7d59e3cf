import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { extensionOf, type GenerationView } from '@darkroom/contracts';
import type { Client } from './client.ts';

/**
 * Saves the verified images of a generation, each under its id and index; a file that is there was saved whole before, and stays.
 * @returns the paths, in the order of the images. @throws the errors of `saveImage`.
 */
export async function saveFiles(view: GenerationView, client: Pick<Client, 'saveImage'>, folder: string): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const files: string[] = [];
  for (const { index, image } of view.images) {
    if (image === undefined) continue;
    const file = path.join(folder, `${view.generationId}-${index}.${extensionOf(image.format)}`);
    if (!existsSync(file)) await client.saveImage(view, index, file);
    files.push(file);
  }
  return files;
}
