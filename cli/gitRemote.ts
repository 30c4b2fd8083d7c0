import { spawnSync } from 'node:child_process';

/** Where a repository of Azure Repos lives. */
export interface Remote {
  /** Organization or collection URL. */
  organization: string;
  project: string;
}

/** The first remote of the git repository in a folder that is of Azure Repos, `origin` before the others. */
export function azureReposRemote(folder: string): (Remote & { name: string }) | undefined {
  const { status, stdout } = spawnSync('git', ['remote', '--verbose'], { cwd: folder, encoding: 'utf8' });
  if (status !== 0) return undefined;
  const remotes = stdout.split('\n').flatMap((line) => {
    const [, name, url] = /^(\S+)\t(.+) \(fetch\)$/.exec(line) ?? [];
    const remote = url === undefined ? undefined : parseRemote(url);
    return remote && name !== undefined ? [{ name, ...remote }] : [];
  });
  return remotes.find(({ name }) => name === 'origin') ?? remotes[0];
}

/**
 * Organization and project in the URL of a repository; undefined when it is not of Azure Repos. A project may be left out where the
 * repository has its name. https://learn.microsoft.com/azure/devops/repos/git/clone#get-the-clone-url-of-an-azure-repos-git-repo
 */
export function parseRemote(url: string): Remote | undefined {
  return parseSsh(url) ?? (URL.canParse(url) ? parseHttp(new URL(url)) : undefined);
}

function parseSsh(url: string): Remote | undefined {
  const [, host, organization, project] =
    /^(?:ssh:\/\/)?[^/@]*@(ssh\.dev\.azure\.com|vs-ssh\.visualstudio\.com)(?::\d+)?[:/]v3\/([^/]+)\/([^/]+)\/[^/]+\/?$/i.exec(
      url,
    ) ?? [];
  if (host === undefined || organization === undefined || project === undefined) return undefined;
  const isNew = host.toLowerCase() === 'ssh.dev.azure.com';
  return {
    organization: isNew ? `https://dev.azure.com/${organization}` : `https://${organization}.visualstudio.com`,
    project: decodeURIComponent(project),
  };
}

function parseHttp({ protocol, origin, hostname, pathname }: URL): Remote | undefined {
  const segments = pathname.split('/').filter(Boolean);
  const marker = segments.indexOf('_git');
  const repository = segments.at(-1);
  if (!/^https?:$/.test(protocol) || marker < 0 || marker === segments.length - 1 || !repository) return undefined;
  const before = segments.slice(0, marker);
  const isVisualStudio = hostname.endsWith('.visualstudio.com');
  const first = before[0]?.toLowerCase();
  // In front of the project stand: DefaultCollection or nothing; tfs and the collection; the organization or collection.
  const length = isVisualStudio ? Number(first === 'defaultcollection') : first === 'tfs' ? 2 : 1;
  if (before.length < length || before.length > length + 1) return undefined;
  return {
    organization: [origin, ...(isVisualStudio ? [] : before.slice(0, length))].join('/'),
    project: decodeURIComponent(before[length] ?? repository),
  };
}
