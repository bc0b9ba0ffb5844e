import { hostname } from 'node:os';

/** What this process says of itself in the election and in the registry. */
export const candidateName = `${hostname()}:${process.pid}`;
