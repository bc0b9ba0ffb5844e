import { z } from 'zod';

/** `?flag`, `?flag=true` or `?flag=false`. */
const flag = z
  .enum(['', 'true', 'false'])
  .optional()
  .transform((text) => text === '' || text === 'true');

export const readQuery = z.strictObject({ recursive: flag, sorted: flag, quorum: flag });
export type ReadQuery = z.infer<typeof readQuery>;

export const deleteQuery = z.strictObject({ recursive: flag });
export type DeleteQuery = z.infer<typeof deleteQuery>;

const ttl = z.int().min(0).max(1_000_000_000).optional();

/** Strict, so that a misspelt condition is refused and does not make the write unconditional. */
export const writeBody = z.strictObject({
  value: z.string(),
  ttl,
  prevValue: z.string().min(1).optional(),
  prevIndex: z.int().min(1).optional(),
});
export type WriteBody = z.infer<typeof writeBody>;

export const appendBody = z.strictObject({ value: z.string(), ttl });
export type AppendBody = z.infer<typeof appendBody>;
