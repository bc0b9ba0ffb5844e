import { expect, it } from '@jest/globals';

import { Differential } from '../embedded/differential.js';
import { randomAuthRequest } from '../embedded/random-auth.js';
import { randomRequest } from '../embedded/random-requests.js';

it.concurrent(
  '400 sequences of up to 300 requests, 60,000 in all, are answered as a real etcd answers them',
  async () => {
    await using servers = await Differential.start();
    const comparison = { request: randomRequest, sequences: 400, length: 300, seed: 20_261_125 };
    await expect(servers.compare(comparison)).resolves.toBeUndefined();
  },
  600_000,
);

it.concurrent(
  '40 sequences of up to 300 requests are answered so by servers with users',
  async () => {
    await using servers = await Differential.start(true);
    const comparison = { request: randomAuthRequest, sequences: 40, length: 300, seed: 20_261_126 };
    await expect(servers.compare(comparison)).resolves.toBeUndefined();
  },
  600_000,
);
