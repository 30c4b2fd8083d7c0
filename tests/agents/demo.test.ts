import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';

describe('the demo of agents on demand', function () {
  this.timeout(120_000);

  it('shows in a cluster in memory, where no API server is built, how ten jobs get ten agents, and ends by itself', async () => {
    const child = spawn(process.execPath, ['scripts/demo.mjs', 'agents'], {
      env: { ...process.env, XDG_CACHE_HOME: '/nonexistent' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    assert.equal(await new Promise((resolve) => child.once('close', resolve)), 0, output);
    assert.match(output, /the cluster is in memory/);
    assert.equal([...output.matchAll(/job \d+ succeeded; agent-job-build-\d+ is gone/g)].length, 10, output);
    assert.match(output, /All registrations are gone but the placeholder/);
  });
});
