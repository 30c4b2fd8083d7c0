import assert from 'node:assert/strict';
import { readJson } from './thePackage';

interface LockedPackage {
  integrity?: string;
  resolved?: string;
  hasInstallScript?: boolean;
  license?: string;
  dev?: boolean;
}

const PERMITTED = /^(MIT|ISC|BSD-[23]-Clause|Apache-2\.0|0BSD|BlueOak-1\.0\.0)$/;

/** What permitted libraries bring along: as free, under another name. None goes into a bundle, or the build would refuse it. */
const BROUGHT_ALONG: Record<string, string> = {
  'node_modules/@kubernetes/client-node/node_modules/argparse': 'Python-2.0',
  'node_modules/stream-buffers': 'Unlicense',
  'node_modules/truncate-utf8-bytes': 'WTFPL',
};

describe('The locked dependencies', () => {
  const { packages } = readJson<{ packages: Record<string, LockedPackage> }>('package-lock.json');
  const locked = Object.entries(packages).filter(([folder]) => folder);
  const own = readJson<Record<string, Record<string, string>>>('package.json');

  it('carry each the SHA-512 of what the registry has to deliver', () => {
    assert.ok(locked.length > 100);
    assert.deepEqual(
      locked.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([folder]) => folder),
      [],
    );
  });

  it('name no host, so that each machine asks its own registry', () => {
    assert.deepEqual(
      locked.filter(([, { resolved }]) => resolved).map(([folder]) => folder),
      [],
    );
  });

  it('are asked for in exact versions', () => {
    for (const kind of ['dependencies', 'devDependencies'])
      for (const [name, version] of Object.entries(own[kind] ?? {})) assert.match(version, /^\d+\.\d+\.\d+$/, name);
  });

  it('run no script when they are installed, but for the bundler', () => {
    const scripts = locked.filter(([, { hasInstallScript }]) => hasInstallScript).map(([folder]) => folder);
    assert.deepEqual(scripts, ['node_modules/esbuild']);
  });

  it('have a permitted licence where they can be part of what runs at users', () => {
    for (const [folder, { license = 'none' }] of locked.filter(([, { dev }]) => !dev)) {
      const choices = license.replace(/[()]/g, '').split(' OR ');
      const permitted = choices.some((choice) => PERMITTED.test(choice)) || BROUGHT_ALONG[folder] === license;
      assert.ok(permitted, `${folder} has the licence ${license}`);
    }
  });
});
