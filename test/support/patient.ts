/**
 * Options of clients that are to meet no silence. A busy machine may keep a server from answering for longer than the
 * time of a try, and a write that was sent is indeterminate then.
 */
export const patient = { timeout: 20_000, tryTimeout: 20_000 } as const;
