import { expect, it } from '@jest/globals';

import { Differential } from './differential.js';
import { randomAuthRequest } from './random-auth.js';
import { randomRequest } from './random-requests.js';

it('Random requests are answered as a real etcd answers them', async () => {
  await using servers = await Differential.start();
  const comparison = { request: randomRequest, sequences: 20, length: 120, seed: 20_261_122 };
  await expect(servers.compare(comparison)).resolves.toBeUndefined();
}, 200_000);

it('Random requests to servers with users are answered as a real etcd answers them', async () => {
  await using servers = await Differential.start(true);
  const comparison = { request: randomAuthRequest, sequences: 4, length: 60, seed: 20_261_125 };
  await expect(servers.compare(comparison)).resolves.toBeUndefined();
}, 200_000);
