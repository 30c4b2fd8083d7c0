import fs from 'node:fs';
import path from 'node:path';

/** What the host page knows of the extension: only what stands in its package. */
export interface Extension {
  folder: string;
  scopes: string[];
  /** Contribution id and address of the tab on the page of a run or of a release. */
  tabs: Record<'run' | 'release', { id: string; uri: string }>;
  /** A browser may have this file of the package. */
  isAddressable: (file: string) => boolean;
}

interface Manifest {
  scopes: string[];
  contributions: { id: string; targets: string[]; properties: { uri?: string } }[];
}

const TARGETS = {
  run: 'ms.vss-build-web.build-results-view',
  release: 'ms.vss-releaseManagement-web.release-details-view',
};

/** Reads an unpacked .vsix, or the folder that it is made of. */
export function readExtension(folder: string): Extension {
  const isPackage = fs.existsSync(path.join(folder, 'extension.vsomanifest'));
  const text = (name: string): string => fs.readFileSync(path.join(folder, name), 'utf8');
  const { scopes, contributions } = JSON.parse(
    text(isPackage ? 'extension.vsomanifest' : 'vss-extension.json'),
  ) as Manifest;
  const tab = (target: string): { id: string; uri: string } => {
    const found = contributions.find(({ targets, properties }) => targets.includes(target) && properties.uri);
    if (!found?.properties.uri) throw new Error(`The extension contributes no tab to ${target}.`);
    return { id: found.id, uri: found.properties.uri };
  };
  const addressable = isPackage
    ? packagedAssets(text('extension.vsixmanifest'))
    : manifestFiles(text('vss-extension.json'));
  return {
    folder,
    scopes,
    tabs: { run: tab(TARGETS.run), release: tab(TARGETS.release) },
    isAddressable: (file) => addressable.some((name) => file === name || file.startsWith(`${name}/`)),
  };
}

function packagedAssets(xml: string): string[] {
  return [...xml.matchAll(/<Asset [^>]*Path="([^"]+)" Addressable="true"/g)].map(([, file = '']) => file);
}

function manifestFiles(json: string): string[] {
  const { files } = JSON.parse(json) as { files: { path: string; addressable?: boolean }[] };
  return files.flatMap((file) => (file.addressable ? file.path : []));
}
