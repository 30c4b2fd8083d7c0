import { closeOrganizations, startOrganization, type StepInputs } from '../tests/tasks/TriggerPipeline/organization';
import type { Figure } from './figure';

const CASES: [name: string, inputs: StepInputs, most: number][] = [
  ['by id', { pipeline: '77' }, 3],
  ['by name', { pipeline: 'rebuild' }, 4],
  ['by id, with stages', { pipeline: '77', stages: 'Build' }, 4],
  ['by name, with stages', { pipeline: 'rebuild', stages: 'Build' }, 5],
];

/** Requests that are made before the one that queues the run. */
export async function requests(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [name, inputs, most] of CASES) {
    const fabrikam = await startOrganization();
    fabrikam.add({ id: 77, stages: [{ name: 'Build' }, { name: 'Scan' }] });
    await fabrikam.run({ ...inputs, waitForCompletion: 'false' });
    const { calls } = fabrikam.emulator;
    const [start] = fabrikam.starts();
    const before = calls.findIndex((call) => call === start);
    const connections = new Set(calls.map(({ connection }) => connection)).size;
    figures.push({
      name: `requests before queueing, ${name}`,
      value: String(before),
      baseline: '0 of a script that is given all ids',
      limit: String(most),
      note: `${connections} connection(s)`,
    });
    await closeOrganizations();
  }
  return figures;
}
