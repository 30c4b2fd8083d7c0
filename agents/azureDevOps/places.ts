import type { Place } from '../../tasks/lib/azureDevOps';

/** Resources of the location documents: the ids are those of azure-devops-node-api's TaskAgentApi. */
export const places = {
  pools: {
    area: 'distributedtask',
    id: 'a8c47e17-4d56-4a56-92bb-de7ea7dc65be',
    name: 'agent pools (GET pools)',
  },
  agents: {
    area: 'distributedtask',
    id: 'e298ef32-5878-4cab-993c-043836571f42',
    name: 'agents of a pool (pools/{id}/agents)',
  },
  jobRequests: {
    area: 'distributedtask',
    id: 'fc825784-c92a-4299-9221-998a02d1b54f',
    name: 'job requests of a pool (pools/{id}/jobrequests)',
  },
  timeline: {
    area: 'build',
    id: '8baac422-4c6e-4de5-8532-db96d92acffa',
    name: 'timeline of a run (GET builds/{id}/timeline)',
  },
  records: {
    area: 'distributedtask',
    id: '8893bc5b-35b2-4be7-83cb-99e683551db4',
    name: 'records of a timeline (PATCH records)',
  },
  resourceUsage: {
    area: 'distributedtask',
    id: 'eae1d376-a8b1-4475-9041-1dfdbe8f0143',
    name: 'usage of parallel jobs',
  },
} as const satisfies Record<string, Place>;
