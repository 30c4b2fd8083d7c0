import { choicesOf, isConnection, type Input, type Task } from './tasks';

const WIDTH = 100;
const INDENT = ' '.repeat(8);

/** What the command is for, and which tasks it runs. */
export function overview(tasks: Task[]): string {
  const rows = tasks.map(({ name, description }) => `  ${name.padEnd(22)}${description}`);
  return lines(
    'Runs a task of Pipeline Cascade from a shell.',
    '',
    'Usage: pipeline-cascade <task> [--<input> <value> ...] [--json] [--strict]',
    '       pipeline-cascade <task> --help',
    '       pipeline-cascade help',
    '',
    ...rows,
  );
}

/** All inputs of a task as options, made from its task.json. */
export function taskHelp(task: Task): string {
  // The organization stands with what only a shell has: in a pipeline it means something else.
  const inputs = task.inputs.filter((input) => !isConnection(input) && input.name !== 'organization');
  const groups = [{ name: undefined, displayName: 'What to do' }, ...(task.groups ?? [])].flatMap(
    ({ name, displayName }) => {
      const own = inputs.filter(({ groupName }) => groupName === name);
      return own.length ? [`${displayName}:`, '', ...own.flatMap(inputHelp), ''] : [];
    },
  );
  const outputs = (task.outputVariables ?? []).map(({ name, description }) => `  ${name.padEnd(15)} ${description}`);
  return lines(
    `${task.friendlyName}. ${task.description}.`,
    '',
    `Usage: pipeline-cascade ${task.name} [--<input> <value> ...] [--json] [--strict]`,
    '',
    ...groups,
    ...SHELL_HELP,
    ...(outputs.length ? ['', 'Output variables, for --json:', '', ...outputs] : []),
  );
}

const SHELL_HELP = [
  'In a shell:',
  '',
  '  --organization <url>',
  ...wrap(
    'URL of the organization or collection. Like the project it defaults to the git remote of the current folder, where that is one of Azure Repos.',
  ),
  '  --json',
  ...wrap('Print the output variables as one JSON object on standard output, and the log on standard error.'),
  '  --strict',
  ...wrap('End with 2 when the task succeeded with issues.'),
  '  --debug',
  ...wrap('Print what a pipeline prints with system.debug.'),
  '',
  'Environment:',
  '',
  '  AZURE_DEVOPS_EXT_PAT  personal access token; or SYSTEM_ACCESSTOKEN, an access token. One of them is needed.',
  '  CASCADE_<INPUT>       value of an input, such as CASCADE_PIPELINE. An option wins over it.',
  '',
  'Exit status: 0 succeeded, also with issues (2 with --strict); 1 failed; 64 wrong usage; 130 after Ctrl+C, which',
  'cancels what was started.',
];

function inputHelp(input: Input): string[] {
  const { name, aliases = [], type, label, helpMarkDown = '', defaultValue = '' } = input;
  const choices = choicesOf(input);
  const option = type === 'boolean' ? `--[no-]${name}` : `--${name} ${choices.join('|') || '<text>'}`;
  const others = aliases.map((alias) => `, --${alias}`).join('');
  const initial = defaultOf(input, String(defaultValue));
  const help = plainText(helpMarkDown);
  const begin = help.toLowerCase().startsWith(label.toLowerCase()) ? '' : `${label}. `;
  return [`  ${option}${others}`, ...wrap(`${begin}${help}${initial && ` Default: ${initial}.`}`)];
}

function defaultOf({ name }: Input, value: string): string {
  if (name === 'project') return 'the project of the git remote';
  return value.replace(/^\$\(System\.DefaultWorkingDirectory\)$/i, 'the current folder');
}

/** Markdown without its marks. Links to the whole documentation are left out, others keep their address. */
function plainText(markdown: string): string {
  return markdown
    .split('`')
    .map((part, at) => (at % 2 ? part : withoutMarks(part)))
    .join('')
    .trim();
}

function withoutMarks(text: string): string {
  return text
    .replace(/\s*\[More\]\([^)]*\)\.?/g, '')
    .replace(/\[([^\]]*)\]\(([^)]*)\)/g, '$1 ($2)')
    .replace(/\*\*?([^*]+)\*\*?/g, '$1');
}

function wrap(text: string): string[] {
  return text.split(/\s+/).reduce<string[]>((all, word) => {
    const last = all.at(-1);
    if (last === undefined || last.length + 1 + word.length > WIDTH) return [...all, INDENT + word];
    return [...all.slice(0, -1), `${last} ${word}`];
  }, []);
}

function lines(...all: string[]): string {
  return `${all.join('\n')}\n`;
}
