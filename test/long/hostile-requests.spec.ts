import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { EmbeddedEtcd } from '../../lib/testing/index.js';
import { runHostileCases } from '../embedded/hostile-run.js';
import { report, tally } from '../faults/report.js';

describe('50,000 bad clients of the embedded server', () => {
  let server: EmbeddedEtcd;
  beforeAll(async () => {
    server = await EmbeddedEtcd.start();
  });
  afterAll(() => server.stop());

  it('neither stop it nor make it grow', async () => {
    const { statuses, growth, ...faults } = await runHostileCases(server.url, 50_000, 3);
    report(
      `answers: ${tally([...statuses].flatMap(([status, count]) => Array<string>(count).fill(status)))}`,
    );
    report(`growth of the memory: ${growth.toFixed(1)} MiB`);
    expect(faults).toMatchObject({ hung: [], garbled: [], refused: [] });
    expect(growth).toBeLessThan(30);
  }, 600_000);
});
