import { guidOf } from './ids';
import { Refusal } from './refusal';

export interface Identity {
  id: string;
  displayName: string;
  uniqueName: string;
  isContainer?: boolean;
}

/** Rights that can be taken from a token; a token has all that are not denied to it. */
export type Permission =
  | 'viewBuilds'
  | 'queueBuilds'
  | 'editQueueBuildConfiguration'
  | 'stopBuilds'
  | 'editBuilds'
  | 'readRepository'
  | 'contributePullRequests'
  | 'readPools'
  | 'managePools'
  | 'createReleases'
  | 'manageDeployments'
  | 'manageReleaseApprovers'
  | 'manageReleases'
  | 'administerPermissions'
  | 'viewServiceConnections';

/** As whom a request comes, and what that identity may do. */
export interface Access {
  identity: Identity;
  denied: Permission[];
  /** Names of the only projects that it can see; all where it is left out. */
  projects?: string[];
  /** Names of the only repositories that it can read; all where it is left out. */
  repositories?: string[];
}

/** An identity with an id made from its name. */
export function person(displayName: string, uniqueName?: string): Identity {
  const mail = uniqueName ?? `${displayName.toLowerCase().replaceAll(' ', '.')}@contoso.example`;
  return { id: guidOf(`identity/${mail}`), displayName, uniqueName: mail };
}

export function may(access: Access, permission: Permission): boolean {
  return !access.denied.includes(permission);
}

const permissionNames: Record<Permission, string> = {
  viewBuilds: 'View builds',
  queueBuilds: 'Queue builds',
  editQueueBuildConfiguration: 'Edit queue build configuration',
  stopBuilds: 'Stop builds',
  editBuilds: 'Update build information',
  readRepository: 'GenericRead',
  contributePullRequests: 'PullRequestContribute',
  readPools: 'View',
  managePools: 'Manage',
  createReleases: 'create releases',
  manageDeployments: 'manage deployments',
  manageReleaseApprovers: 'manage release approvers',
  manageReleases: 'manage releases',
  administerPermissions: 'Administer',
  viewServiceConnections: 'View',
};

/** Throws TF215106 in the words of the service when a right on a pipeline is missing. */
export function demandBuildPermission(
  access: Access,
  permission: Permission,
  pipeline: { id: number; name: string; project: { name: string } },
): void {
  if (may(access, permission)) return;
  throw new Refusal(
    403,
    'AccessDeniedException',
    `TF215106: Access denied. ${access.identity.displayName} needs ${permissionNames[permission]} permissions for build pipeline ` +
      `${pipeline.id}:${pipeline.name} in team project ${pipeline.project.name} to perform the action. ` +
      'For more information, contact the Azure DevOps Server administrator.',
  );
}

/** Throws VS402904 in the words of the service when a right on a release is missing. */
export function demandReleasePermission(access: Access, permission: Permission): void {
  if (may(access, permission)) return;
  throw new Refusal(
    403,
    'AccessDeniedException',
    `VS402904: Access denied: User ${access.identity.displayName} does not have ${permissionNames[permission]} permission. ` +
      'Contact your release manager.',
  );
}
