import { z } from 'zod';
import { taskType } from './page.ts';

/**
 * One item of a response: one finished image (model page, "Response Parameters"; as data in `responseFields`). For a reader:
 * fields that the page does not name pass through, and ids need only look like UUIDs of any version, because a paid image is
 * not thrown away over the shape of its name. Which of the three image fields is there follows from `outputType`.
 */
export const responseItemSchema = z.looseObject({
  taskType: z.literal(taskType),
  taskUUID: z.guid(),
  imageUUID: z.guid(),
  imageURL: z.url().optional(),
  imageBase64Data: z.string().optional(),
  imageDataURI: z.url().optional(),
  /** May be larger than JSON numbers hold exactly; it is told, never sent. */
  seed: z.number().refine(Number.isInteger, 'not a whole number').optional(),
  NSFWContent: z.boolean().optional(),
  /** US dollars; to be read with `parseUsd`. */
  cost: z.number().min(0).optional(),
});

export type ResponseItem = z.infer<typeof responseItemSchema>;
