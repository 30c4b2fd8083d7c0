import { UserError } from '../tasks/lib/errors';
import { organizationUrl } from '../tasks/lib/organizationUrl';
import { azureReposRemote } from './gitRemote';
import type { Options } from './options';
import type { Task } from './tasks';

/** Where a task works from a shell: what a job would tell it. */
export interface Place {
  /** Organization or collection URL. */
  organization: string;
  /** The project that inputs default to. */
  project: string | undefined;
  /** Name of the git remote that organization or project come from. */
  remote: string | undefined;
}

export interface Token {
  value: string;
  kind: 'personal' | 'access';
}

/** Variables by which a job tells a task about itself; inside a pipeline's script they belong to that pipeline, not to us. */
const OF_A_JOB =
  /^((INPUT|ENDPOINT|SECUREFILE|SECRET|VSTS|SYSTEM|BUILD|RELEASE|AGENT|TASK|PIPELINE)_|(TF_BUILD|AZURE_DEVOPS_EXT_PAT)$)/i;

/** Organization and project from the inputs, else from the git remote. Throws `UserError` where no organization can be told. */
export function findPlace(inputs: Options['inputs'], folder: string): Place {
  const organization = inputs.get('organization');
  const project = inputs.get('project');
  const remote = organization && project ? undefined : azureReposRemote(folder);
  const url = organization ?? remote?.organization;
  if (!url)
    throw new UserError(
      'organization: give --organization <url>; the git remote of this folder is none of Azure Repos.',
    );
  const place = organizationUrl(url, 'organization');
  // A project of the remote's organization means nothing in another one.
  const belongs = remote !== undefined && organizationUrl(remote.organization, 'git remote') === place;
  return {
    organization: place,
    project: project ?? (belongs ? remote.project : undefined),
    remote: belongs ? remote.name : undefined,
  };
}

/** The token of the environment. Throws `UserError` when there is none. */
export function findToken({ AZURE_DEVOPS_EXT_PAT, SYSTEM_ACCESSTOKEN }: NodeJS.ProcessEnv): Token {
  if (AZURE_DEVOPS_EXT_PAT) return { value: AZURE_DEVOPS_EXT_PAT, kind: 'personal' };
  if (SYSTEM_ACCESSTOKEN) return { value: SYSTEM_ACCESSTOKEN, kind: 'access' };
  throw new UserError(
    'There is no token: set AZURE_DEVOPS_EXT_PAT to a personal access token, or SYSTEM_ACCESSTOKEN to an access token.',
  );
}

export interface Job {
  task: Task;
  options: Options;
  place: Place;
  token: Token;
  /** `Agent.TempDirectory`. */
  temporary: string;
  folder: string;
}

/** The environment of the task's process, as an agent sets it; without System.HostType, so that there is no parent. */
export function jobEnvironment(job: Job, environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { task, options, place, token, temporary, folder } = job;
  const variables = {
    'Agent.TempDirectory': temporary,
    'Agent.WorkFolder': temporary,
    'Agent.HomeDirectory': temporary,
    'Agent.Version': '4.270.0',
    'Agent.Name': 'shell',
    'System.CollectionUri': place.organization,
    'System.TeamFoundationCollectionUri': place.organization,
    'System.TeamProject': place.project ?? '',
    'System.DefaultWorkingDirectory': folder,
    'Build.SourcesDirectory': folder,
    'Pipeline.Workspace': folder,
    'System.Debug': String(options.debug),
  };
  const parameter = token.kind === 'personal' ? 'apitoken' : 'AccessToken';
  const scheme = token.kind === 'personal' ? 'Token' : 'OAuth';
  const inputs = task.inputs
    // The organization is where we are, not another one.
    .filter(({ name }) => name !== 'organization')
    .map(({ name, defaultValue = '' }) => [
      `INPUT_${environmentName(name)}`,
      options.inputs.get(name) ?? expand(String(defaultValue), variables),
    ]);
  return {
    ...Object.fromEntries(Object.entries(environment).filter(([name]) => !OF_A_JOB.test(name))),
    ...Object.fromEntries(Object.entries(variables).map(([name, value]) => [environmentName(name), value])),
    ...(Object.fromEntries(inputs) as Record<string, string>),
    ENDPOINT_URL_SYSTEMVSSCONNECTION: place.organization,
    ENDPOINT_AUTH_SCHEME_SYSTEMVSSCONNECTION: scheme,
    ENDPOINT_AUTH_SYSTEMVSSCONNECTION: JSON.stringify({ parameters: { [parameter]: token.value }, scheme }),
    [`ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_${environmentName(parameter)}`]: token.value,
  };
}

/** A default with the macros of a job replaced; what a shell cannot know is empty. */
function expand(text: string, variables: Record<string, string>): string {
  const known = new Map(Object.entries(variables).map(([name, value]) => [name.toLowerCase(), value]));
  return text.replace(/\$\(([^()]+)\)/g, (_, name: string) => known.get(name.toLowerCase()) ?? '');
}

function environmentName(name: string): string {
  return name.replace(/[. ]/g, '_').toUpperCase();
}
