import { decodedSegment } from './organizationUrl';
import type { Account } from './azureDevOps';

/** A refusal with all that its cure may need. */
export interface Refused {
  account: Account;
  /** What was asked for. */
  url: string;
  status: number;
  /** The service's own sentences. */
  reasons: string[];
}

/** What a cure is told: who may be granted something, and the pages where. */
interface Place {
  /** Whom to grant what is missing: the identity by its name where that is known. */
  who: string;
  credential: string;
  /** Organization or collection with its closing slash, and the pages of the project that was asked for. */
  organization: string;
  project: string;
  /** What the token needs. */
  scopes: string;
  /** True for the token of a job, which has limits of its own. */
  isJob: boolean;
  said: string;
}

type Cure = (place: Place) => string;

const scopesOfTasks = 'Build (read and execute), and Release (read, write and execute) for releases';

/** Sentences of the service that need a cure beside them, by their codes. */
const CURES: [code: RegExp, cure: Cure][] = [
  [
    /TF401019/,
    ({ isJob, organization, project, who }) =>
      isJob
        ? `It does not exist, or the job may not read it: name it under 'resources: repositories' with 'uses:', or switch off 'Protect access to repositories in YAML pipelines', once called 'Limit job authorization scope to referenced Azure DevOps repositories' (${project}_settings/settings); in another project grant ${who} 'Read' (${project}_settings/repositories?_a=permissions). Organization-wide settings: ${organization}_settings/pipelinessettings .`
        : `It does not exist, or ${who} may not read it: grant 'Read' (${project}_settings/repositories?_a=permissions).`,
  ],
  [/TF401027/, ({ who, project }) => `Grant ${who} what is named (${project}_settings/repositories?_a=permissions).`],
  [
    /TF400813/,
    ({ credential, scopes }) =>
      `Check ${credential}: its token is missing, expired or lacks a scope; it needs ${scopes}.`,
  ],
  [/TF215106/, buildPermission],
  [
    /VS402904/,
    ({ who, project }) =>
      `Grant ${who} that permission under the release pipeline's … > Security (${project}_release).`,
  ],
  [
    /VS402877|VS402982/,
    () => 'The release definition itself is invalid: open it in the editor, mend what the service names and save it.',
  ],
  [/VS800075|TF200016/, projectHidden],
  [
    /VS403463/,
    () =>
      'A conditional access policy of the organization stops this identity: ask the administrator to allow it from the network of this agent.',
  ],
  [
    /TF401444/,
    ({ organization, credential }) =>
      `The identity is not yet a user of the organization: add the one of ${credential} with the access level Basic (${organization}_settings/users).`,
  ],
  [
    /TF400733/,
    () => 'The organization was asked for too much at once: wait, and start fewer runs at a time (maxParallel).',
  ],
  [
    /REST API version of .* is out of range/,
    ({ organization }) =>
      `The server at ${organization} is too old for this call: it needs Azure DevOps Services, or Azure DevOps Server 2022 and later.`,
  ],
];

/** What a person can do about a refusal: by the service's own code, else by the status; undefined where nothing is known. */
export function cureFor(refused: Refused): string | undefined {
  const said = refused.reasons.join(' ');
  const place = placeOf(refused, said);
  const known = CURES.find(([code]) => code.test(said))?.[1];
  return known ? known(place) : byStatus(refused.status, place);
}

function byStatus(status: number, { credential, who, isJob, project, organization }: Place): string | undefined {
  switch (status) {
    case 401:
      return `Check ${credential}: it is missing, expired, or lacks a scope.`;
    case 403:
      return `Check what ${who} may do.`;
    case 404:
      return isJob && project !== organization
        ? `It does not exist, or ${who} may not see it; in another project that has to be granted (${project}_settings/permissions).`
        : `It does not exist, or ${who} may not see it.`;
    case 407:
      return 'Check the user name and password of the proxy (config --proxyusername, --proxypassword).';
    default:
      return undefined;
  }
}

/** "… {identity} needs {permission} permissions for build pipeline {id}:{name} in team project {project} …" */
function buildPermission({ said, who, organization, project }: Place): string {
  const text =
    /denied\. (?<identity>.+?) needs (?<permission>.+?) permissions? for build pipeline (?<id>\d+):.* in team project (?<team>.+?) to perform/i.exec(
      said,
    )?.groups;
  const pages = text?.team ? `${organization}${encodeURIComponent(text.team)}/` : project;
  const page = text?.id ? `${pages}_build?definitionId=${text.id}` : `${pages}_build`;
  const identity = text?.identity ? `'${text.identity}'` : who;
  const permission = text?.permission ?? 'Queue builds';
  const also =
    permission === 'Queue builds'
      ? " ('Stop builds' as well for cancelling, 'Edit queue build configuration' for variables)"
      : '';
  return `Grant ${identity} '${permission}'${also}: ${page} > … > Manage security.`;
}

function projectHidden({ isJob, who, project, organization, credential }: Place): string {
  if (!isJob) return `The project does not exist, or ${credential} may not see it: check the name, and its membership.`;
  return `The project does not exist, or this job may not see it: check the name; then grant ${who} rights there (${project}_settings/permissions), or switch off 'Limit job authorization scope to current project' of the project that this job runs in, which the organization may enforce (${organization}_settings/pipelinessettings).`;
}

function placeOf({ account, url }: Refused, said: string): Place {
  const segment = url.startsWith(account.url) ? url.slice(account.url.length).split(/[/?]/)[0] : undefined;
  const project = segment && !segment.startsWith('_') ? `${account.url}${segment}/` : account.url;
  const { jobOf, credentialName, url: organization, scopes = scopesOfTasks } = account;
  const who = jobOf ? buildServices(jobOf.project, organization) : credentialName;
  return { who, credential: credentialName, scopes, organization, project, isJob: jobOf !== undefined, said };
}

/**
 * The two identities that a job's token can be, depending on the job authorization scope
 * (https://learn.microsoft.com/azure/devops/pipelines/process/access-tokens).
 */
function buildServices(project: string, url: string): string {
  const { hostname, pathname } = new URL(url);
  const name = decodedSegment(pathname.split('/').filter(Boolean).at(-1) ?? hostname.split('.')[0] ?? '');
  return `'${project} Build Service (${name})' (or 'Project Collection Build Service (${name})' where the job authorization scope is not limited)`;
}
