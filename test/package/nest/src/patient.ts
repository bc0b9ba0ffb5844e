/** For clients whose server is on the same, perhaps busy machine: a write that is not answered in time is indeterminate. */
export const patient = { timeout: 20_000, tryTimeout: 20_000 };
