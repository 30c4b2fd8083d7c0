import { UserError } from '../../lib/errors';
import { text, type Read } from '../../lib/inputs';
import { readNames, readYamlMap, textsOf } from '../../lib/yamlInput';
import type { Manager } from './versions/schemes';

export const MANAGERS: readonly Manager[] = ['pip', 'conda', 'npm', 'cran', 'apt', 'apk'];

export interface PackageInputs {
  /** Empty for `off`. */
  managers: Manager[];
  /** Indexes that take the place of the ecosystems' own. */
  indexes: Map<Manager, string>;
}

/** Reads `packages` and `packageIndexes`. Throws `UserError` for what is no manager and no address. */
export async function readPackageInputs(read: Read): Promise<PackageInputs> {
  const names = await readNames(read, 'packages');
  const written = names.map((name) => name.toLowerCase());
  if (written.length > 1 && (written.includes('off') || written.includes('all'))) {
    throw new UserError(`packages: '${names.join(', ')}' mixes off or all with others: give one of them alone.`);
  }
  const managers = written[0] === 'all' ? [...MANAGERS] : written[0] === 'off' ? [] : names.map(managerOf('packages'));
  const indexes = new Map<Manager, string>();
  for (const [name, url] of Object.entries(textsOf(await readYamlMap(read, 'packageIndexes')))) {
    const manager = managerOf('packageIndexes')(name);
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      throw new UserError(
        `packageIndexes: the index of ${manager} is no http address. Give one such as ${EXAMPLES[manager]}.`,
      );
    }
    indexes.set(manager, url);
  }
  if (!managers.length && (indexes.size || text(read, 'observedPackages'))) {
    const input = indexes.size ? 'packageIndexes' : 'observedPackages';
    throw new UserError(`${input} is given, but packages is off: say in packages what is to be compared, such as all.`);
  }
  return { managers: [...new Set(managers)], indexes };
}

const EXAMPLES: Readonly<Record<Manager, string>> = {
  pip: 'https://pkgs.example.com/pypi/simple',
  conda: 'https://conda.example.com/api',
  npm: 'https://pkgs.example.com/npm',
  cran: 'https://cran.example.com',
  apt: 'https://mirror.example.com/debian',
  apk: 'https://mirror.example.com/alpine',
};

function managerOf(input: string): (name: string) => Manager {
  return (name) => {
    const manager = MANAGERS.find((one) => one === name.toLowerCase());
    if (manager) return manager;
    throw new UserError(
      `${input}: '${name}' is none of ${input === 'packages' ? 'off, all, ' : ''}${MANAGERS.join(', ')}.`,
    );
  };
}
