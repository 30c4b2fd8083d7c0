import type { Identity } from './identity';

export interface Project {
  id: string;
  name: string;
  description: string;
  lastUpdateTime: number;
  /** 'Limit variables that can be set at queue time'. */
  limitsSettableVariables: boolean;
}

/** `<Project> Build Service (<organization>)`, as whom a job runs where the job scope is limited to the project. */
export function buildServiceOf(project: Project, organization: string): Identity {
  return {
    id: project.id,
    displayName: `${project.name} Build Service (${organization})`,
    uniqueName: `Build\\${project.id}`,
  };
}
