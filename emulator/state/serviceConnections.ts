import { guidOf } from './ids';
import type { Project } from './projects';

/** A service connection of a project as far as jobs use it: who it is, and whether a job may have tokens for it. */
export interface ServiceConnection {
  id: string;
  name: string;
  project: Project;
  type: string;
  /** False refuses the job a token, as for a pipeline that may not use the connection. */
  permitted: boolean;
  /** False for a connection with a stored secret, for which there are no tokens. */
  federated: boolean;
}

export function newServiceConnection(
  project: Project,
  options: Partial<Omit<ServiceConnection, 'project'>> & { name: string },
): ServiceConnection {
  const id = guidOf(`${project.id}/connection/${options.name}`);
  return { id, type: 'workloadidentityuser', permitted: true, federated: true, ...options, project };
}

/** How Azure DevOps calls a connection in the tokens for it: what its federated credential must name. */
export function federationOf(organization: string, connection: ServiceConnection): { issuer: string; subject: string } {
  return {
    issuer: `https://vstoken.dev.azure.com/${guidOf(`organization/${organization}`)}`,
    subject: `sc://${organization}/${connection.project.name}/${connection.name}`,
  };
}
