import fs from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

/** A ```yaml block of a page. */
export interface YamlBlock {
  /** The heading above it; from the second block under a heading on with `, 2` and so on. */
  title: string;
  yaml: string;
  steps: Step[];
}

/** A step of one of our tasks. */
export interface Step {
  task: string;
  name: string | undefined;
  inputs: Record<string, string>;
}

/** The YAML blocks of a Markdown page of the project, with the steps of these tasks in them, in the order of the page. */
export function yamlBlocks(page: string, ...tasks: string[]): YamlBlock[] {
  const text = fs.readFileSync(path.join(__dirname, '..', '..', page), 'utf8');
  const blocks: YamlBlock[] = [];
  let heading = '';
  let count = 0;
  for (const [, title, yaml] of text.matchAll(/^#+ (.+)$|^```yaml\n([\s\S]*?)^```$/gm)) {
    if (title !== undefined) {
      [heading, count] = [title, 0];
    } else if (yaml !== undefined) {
      count += 1;
      // The service hands inputs on as they are written: nothing in them is a number or a boolean.
      const content: unknown = parse(yaml, { schema: 'failsafe' });
      blocks.push({ title: count > 1 ? `${heading}, ${count}` : heading, yaml, steps: stepsIn(content, tasks) });
    }
  }
  return blocks;
}

/** The task's own name in a short or full reference: `TriggerPipeline@1`, `publisher.extension.contribution.TriggerPipeline@1`. */
export function taskNameOf(reference: string): string {
  return /([^.]+)@\d+$/.exec(reference)?.[1] ?? '';
}

function stepsIn(content: unknown, tasks: string[]): Step[] {
  if (typeof content !== 'object' || content === null) return [];
  const { task, name, inputs = {} } = content as Partial<Step>;
  if (typeof task === 'string' && tasks.includes(taskNameOf(task))) return [{ task, name, inputs }];
  return Object.values(content).flatMap((inner) => stepsIn(inner, tasks));
}
