import fs from 'node:fs';
import path from 'node:path';
import { messageOf } from '../lib/errors';
import { markdownText, shorten } from '../lib/log';
import { registered, title, type ReleaseChild } from '../lib/releases/child';
import { attemptOf, isMoving } from '../lib/releases/releaseEnd';
import type { Environment } from '../lib/releases/wire';
import { inWords, worst } from '../lib/verdict';
import type { World } from '../lib/world';
import type { Context } from './triggerRelease';

/** Outputs are environment variables of later steps. */
const LONGEST_OUTPUT = 24_000;
const LONGEST_CELL = 300;

/** What the step tells while it works and at its end: outputs, progress, summary, the register. */
export class Report {
  private told = '';

  constructor(
    private readonly context: Context,
    private readonly log: World['log'],
  ) {}

  /** Something is new. Outputs are set as soon as an id is known: later steps may need it although this one fails. */
  changed(children: ReleaseChild[]): void {
    const { agent, register } = this.context;
    const [first] = children;
    if (!first) return;
    agent.setOutput('releaseId', String(first.id));
    agent.setOutput('releaseName', first.name);
    agent.setOutput('releaseUrl', first.url);
    register.put(children.map(registered));
    const stages = children.flatMap(counted);
    const ended = stages.filter((stage) => !isMoving(stage) && stage.status?.toLowerCase() !== 'notstarted').length;
    const text = `${ended} of ${stages.length} stages ended`;
    if (stages.length && text !== this.told) agent.setProgress(Math.floor((100 * ended) / stages.length), text);
    this.told = text;
  }

  end(children: ReleaseChild[]): void {
    const { agent, register, stepName } = this.context;
    this.changed(children);
    if (!children.length) {
      register.close([]);
      return;
    }
    agent.setOutput('result', worst(children.map(({ result }) => result ?? 'started')));
    const [first] = children;
    const stages = JSON.stringify(first ? stageResults(first) : {});
    if (stages.length <= LONGEST_OUTPUT) agent.setOutput('stageResults', stages);
    else
      this.log.info(
        `The output stageResults is not set: it is longer than ${LONGEST_OUTPUT} letters. resultsFile has it.`,
      );
    try {
      this.writeFiles(children, stepName);
    } catch (error) {
      this.log.warning(`The results or the summary could not be written: ${messageOf(error)}`);
    }
    register.close(children.map(registered));
  }

  private writeFiles(children: ReleaseChild[], stepName: string): void {
    const { agent } = this.context;
    const folder = agent.variable('Agent.TempDirectory');
    if (!folder) return;
    const results = path.join(folder, `pipeline-cascade.${stepName}.results.json`);
    fs.writeFileSync(results, JSON.stringify(children.map(resultEntry), undefined, 2));
    agent.setOutput('resultsFile', results);
    const summary = path.join(folder, `Pipeline Cascade ${stepName}.md`);
    fs.writeFileSync(summary, summaryMarkdown(children));
    agent.uploadSummary(summary);
  }
}

/** The output `stageResults`; its fields are part of the contract. */
function stageResults(child: ReleaseChild): Record<string, unknown> {
  return Object.fromEntries(
    child.environments.map((environment) => [
      environment.name,
      {
        status: environment.status ?? '',
        attempt: attemptOf(environment),
        ...times(environment),
        url: stageUrl(child, environment),
      },
    ]),
  );
}

function resultEntry(child: ReleaseChild): Record<string, unknown> {
  const { definition, id, name, url, project, result = 'started', reason = '', attempt, createdOn = '' } = child;
  return {
    definition,
    id,
    name,
    url,
    project,
    result,
    reason,
    attempts: attempt,
    createdOn,
    stages: stageResults(child),
  };
}

/** The table of releases for the Extensions tab. Pure. */
export function summaryMarkdown(children: ReleaseChild[]): string {
  const text = (value: string) => markdownText(shorten(value, LONGEST_CELL));
  const rows = children.map((child) => {
    const { result = 'started', reason } = child;
    const words = `${text(inWords(result))}${reason ? `<br>${text(reason)}` : ''}`;
    const stages = child.environments.map(
      ({ name, status = '' }) => `${SIGNS[status.toLowerCase()] ?? '▫️'} ${text(name)}${inBrackets(status)}`,
    );
    return `| ${RESULT_SIGNS[result] ?? ''} | [${text(title(child))}](${link(child.url)})<br>${words} | ${child.given.map(text).join(', ')} | ${stages.join('<br>')} |`;
  });
  return ['| | Release | Variables | Stages |', '|---|---|---|---|', ...rows, ''].join('\n');
}

/** A sign alone tells nothing to who cannot see it; what is as it should be needs no word. */
function inBrackets(status: string): string {
  return ['', 'succeeded', 'notstarted'].includes(status.toLowerCase()) ? '' : ` (${markdownText(status)})`;
}

const SIGNS: Record<string, string> = {
  succeeded: '✅',
  partiallysucceeded: '⚠️',
  rejected: '❌',
  canceled: '🚫',
  inprogress: '▶️',
};
const RESULT_SIGNS: Record<string, string> = {
  succeeded: '✅',
  partiallySucceeded: '⚠️',
  failed: '❌',
  canceled: '🚫',
  timedOut: '⏱️',
  started: '▶️',
  skipped: '⏭️',
};

function counted({ environments, stages }: ReleaseChild): Environment[] {
  const names = stages.map((name) => name.toLowerCase());
  return names.length ? environments.filter(({ name }) => names.includes(name.toLowerCase())) : environments;
}

function times(environment: Environment): { startTime: string; finishTime: string } {
  const step = environment.deploySteps?.at(-1);
  return {
    startTime: step?.queuedOn ?? '',
    finishTime: step && !isMoving(environment) ? (step.lastModifiedOn ?? '') : '',
  };
}

function stageUrl({ url }: ReleaseChild, { id }: Environment): string {
  if (!url.includes('_a=release-pipeline-progress')) return url;
  return `${url.replace('_a=release-pipeline-progress', '_a=release-environment-logs')}&environmentId=${id}`;
}

/** A URL that can't leave its place in a Markdown link; anything but http(s) leads nowhere. */
function link(url: string): string {
  return /^https?:\/\//.test(url)
    ? encodeURI(decodeURI(url)).replace(/[()|<>]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`)
    : '#';
}
