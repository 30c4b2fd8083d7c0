/** What the web log shows in colour, with the terminal's colour nearest to it. */
const colours: Record<string, number> = { error: 31, warning: 33, section: 32, command: 34, group: 1, debug: 35 };

/**
 * The log of a step as a person sees it: masked, commands gone, the agent's tags kept as the web log keeps them.
 * With `colour`, tagged lines are coloured for a terminal and the end marks of groups are gone.
 */
export function renderLog(step: { log: string[] }, { colour = false } = {}): string {
  const lines = colour ? step.log.filter((line) => line !== '##[endgroup]').map(colourLine) : step.log;
  return lines.map((line) => `${line}\n`).join('');
}

function colourLine(line: string): string {
  const [, tag = '', text = ''] = /^##\[(\w+)\](.*)$/.exec(line) ?? [];
  const code = colours[tag];
  if (code === undefined) return line;
  return `\u001b[${code}m${tag === 'error' || tag === 'warning' ? line : text}\u001b[0m`;
}
