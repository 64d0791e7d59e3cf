import { DarkroomError, GenerationError } from '@darkroom/contracts';
import type { Producer } from '@darkroom/producer';
import type { FastifyInstance } from 'fastify';
import type { Pictures } from './create-pictures.ts';

/** Bytes under a final key never change; the picture itself may be withheld or erased later. */
const KEPT = 'private, max-age=300';

/** Adds the routes of pictures. A picture goes through the dashboard: a presigned address on a page would be a capability. */
export function addPictureRoutes(
  server: FastifyInstance,
  { producer, pictures }: { producer: Pick<Producer, 'get'>; pictures: Pictures | undefined },
): void {
  server.get<{ Params: { generationId: string; index: string; size: string } }>(
    '/pictures/:generationId/:index/:size',
    async (request, reply) => {
      const { generationId, index, size } = request.params;
      if (pictures === undefined || !/^\d{1,3}$/.test(index)) return reply.code(404).send();
      try {
        const generation = await producer.get(generationId);
        if (size === 'small' || size === 'large')
          return await reply
            .type('image/webp')
            .header('cache-control', KEPT)
            .send(await pictures.small(generation, Number(index), size));
        if (size !== 'whole') return await reply.code(404).send();
        const { bytes, contentType } = await pictures.whole(generation, Number(index));
        return await reply.type(contentType).send(bytes);
      } catch (error) {
        if (error instanceof GenerationError || (error instanceof DarkroomError && error.code === 'request.invalid'))
          return reply.code(404).send();
        throw error;
      }
    },
  );
}
