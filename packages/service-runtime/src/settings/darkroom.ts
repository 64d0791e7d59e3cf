import { z } from 'zod';
import { text } from './variables.ts';

const allowed = 'the id of a Darkroom, as darkroom doctor shows it';

/** `DARKROOM_ID`: binds processes to one Darkroom, the id of which its bucket holds. */
export const darkroomSettings = z
  .object({
    DARKROOM_ID: text(allowed)
      .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, { error: `must be ${allowed}` })
      .optional(),
  })
  .transform((env) => ({ id: env.DARKROOM_ID }));
