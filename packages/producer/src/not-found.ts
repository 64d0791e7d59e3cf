import { GenerationError, isGenerationId } from '@darkroom/contracts';

export const notFound = (id: string): GenerationError => new GenerationError('generation.not-found', `no generation has the id "${id}"`);

/** Makes sure that a text has the form of an id: no other names a generation, and keys of Redis and S3 are made of it. @throws GenerationError */
export function mustBeId(id: string): void {
  if (!isGenerationId(id)) throw notFound(id);
}
