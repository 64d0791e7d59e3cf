import { z } from 'zod';
import { taskType } from './page.ts';

/**
 * One item of a response: one finished image (model page, "Response Parameters"; as data in `responseFields`). Reads leniently:
 * fields that the page does not name pass through, and ids may be UUIDs of any version, because the form of an id is no reason
 * to discard a paid image. `outputType` decides which of the three image fields is present.
 */
export const responseItemSchema = z.looseObject({
  taskType: z.literal(taskType),
  taskUUID: z.guid(),
  imageUUID: z.guid(),
  imageURL: z.url().optional(),
  imageBase64Data: z.string().optional(),
  imageDataURI: z.url().optional(),
  /** May exceed the whole numbers that JSON carries exactly; it is reported, never sent. */
  seed: z.number().refine(Number.isInteger, 'not a whole number').optional(),
  NSFWContent: z.boolean().optional(),
  /** US dollars; read with `parseUsd`. */
  cost: z.number().min(0).optional(),
});

export type ResponseItem = z.infer<typeof responseItemSchema>;
