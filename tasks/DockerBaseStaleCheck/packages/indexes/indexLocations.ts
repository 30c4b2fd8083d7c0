import type { Manager } from '../versions/schemes';
import type { AptArchive } from './aptSources';

/** Where packages come from that a Dockerfile installs without saying from where. */
export interface IndexLocations {
  pip: { index: string; extraIndexes: string[] };
  /** Of a package's scope, as npm itself would choose. */
  npm: (name: string) => Promise<string>;
  cran: string[];
  /** Below it lie Bioconductor's releases. */
  bioconductor: string;
  conda: { api: string; channels: string[] };
  apk: string;
  /** The archive that takes the place of the distribution's own. */
  apt: string | undefined;
  /** What the agent itself is set up with. */
  aptArchives: readonly AptArchive[];
  /** The index that takes the place of the ecosystem's own, also where a Dockerfile writes that one. */
  instead: (manager: Manager, url: string) => string;
}

/** Each ecosystem's own index. That of npm is known by the library, those of Debian and Ubuntu by aptSources. */
const OWN = {
  pip: 'https://pypi.org/simple',
  cran: 'https://cran.r-project.org',
  conda: 'https://api.anaconda.org',
  apk: 'https://dl-cdn.alpinelinux.org/alpine',
  bioconductor: 'https://bioconductor.org',
} as const;

/**
 * Indexes by the input, else by the agent's environment as the tools themselves read it, else each ecosystem's own.
 * @param variable a variable of the environment; @param registryOf npm's registry for a scope.
 */
export function indexLocations(
  given: ReadonlyMap<Manager, string>,
  variable: (name: string) => string | undefined,
  { registryOf, aptArchives }: { registryOf: (scope: string) => Promise<string>; aptArchives: readonly AptArchive[] },
): IndexLocations {
  const first = (...names: string[]) => names.map(variable).find((value) => value?.trim());
  const cran = first('RENV_CONFIG_REPOS_OVERRIDE', 'CRAN');
  return {
    pip: {
      index: given.get('pip') ?? first('PIP_INDEX_URL', 'UV_DEFAULT_INDEX', 'UV_INDEX_URL') ?? OWN.pip,
      // An index that is given is the only one: what is private must not be looked for elsewhere.
      extraIndexes: given.has('pip') ? [] : words(first('PIP_EXTRA_INDEX_URL', 'UV_EXTRA_INDEX_URL')),
    },
    npm: async (name) => given.get('npm') ?? (await registryOf(/^(@[^/]+)\//.exec(name)?.[1] ?? '')),
    cran: [given.get('cran') ?? (cran !== undefined && /^https?:\/\//.test(cran) ? cran : OWN.cran)],
    bioconductor: `${plain(first('R_BIOC_MIRROR') ?? OWN.bioconductor)}/packages`,
    conda: { api: given.get('conda') ?? OWN.conda, channels: words(first('CONDA_CHANNELS')?.replaceAll(',', ' ')) },
    apk: given.get('apk') ?? OWN.apk,
    apt: given.get('apt'),
    aptArchives,
    instead: (manager, url) => {
      const own: string | undefined = manager in OWN ? OWN[manager as keyof typeof OWN] : undefined;
      const mirror = given.get(manager);
      if (own === undefined || mirror === undefined) return url;
      return plain(url) === plain(own) || plain(url).startsWith(`${plain(own)}/`)
        ? mirror.replace(/\/+$/, '') + plain(url).slice(plain(own).length)
        : url;
    },
  };
}

function words(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter(Boolean);
}

function plain(url: string): string {
  return url.replace(/\/+$/, '');
}
