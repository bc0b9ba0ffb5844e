import { expect, it } from '@jest/globals';

import { watchTrickyMember } from '../watch/tricky-run.js';
import { report } from '../faults/report.js';

const seeds = 100;
const atATime = 4;

it(`loses, doubles and reorders nothing that a member tells with every trap of etcd v2, for ${seeds} seeds`, async () => {
  const wrong: string[] = [];
  let told = 0;
  let resyncs = 0;
  let next = 100;
  const lanes = Array.from({ length: atATime }, async () => {
    for (let seed = next++; seed < 100 + seeds; seed = next++) {
      const run = await watchTrickyMember(seed);
      wrong.push(...run.faults.map((fault) => `seed ${seed}: ${fault}`));
      told += run.told;
      resyncs += run.resyncs;
    }
  });
  await Promise.all(lanes);
  report(`W1, simulated: ${seeds} seeds, ${told} events told, ${resyncs} resyncs, ${wrong.length} faults`);
  expect(wrong).toEqual([]);
}, 400_000);
