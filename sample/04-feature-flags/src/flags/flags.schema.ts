import { z } from 'zod';

/** The flags that the code knows, and what they are while nobody has said anything. A name that it does not know is passed over. */
export const flagsSchema = z.object({
  checkout: z.boolean().default(true),
  'free-shipping': z.boolean().default(false),
  discount: z.int().min(0).max(90).default(0),
});

export type Flags = z.infer<typeof flagsSchema>;
