/** What a requirements file says, line by line, before the files that it names are read. */
export interface RequirementsFile {
  requirements: { text: string; line: number }[];
  /** `-r` and `-c` files, as written. */
  files: { path: string; isConstraints: boolean; line: number }[];
  index: string | undefined;
  extraIndexes: string[];
  noIndex: boolean;
  prereleases: boolean;
  /** Lines that name a variable whose value is not known. */
  unknown: { text: string; line: number }[];
}

/**
 * Reads pip's requirements file format (https://pip.pypa.io/en/stable/reference/requirements-file-format/): comments,
 * continued lines, options, `${VARIABLE}`. `variable` gives a variable's value, undefined where that is not known.
 */
export function readRequirementsFile(text: string, variable: (name: string) => string | undefined): RequirementsFile {
  const file: RequirementsFile = {
    requirements: [],
    files: [],
    index: undefined,
    extraIndexes: [],
    noIndex: false,
    prereleases: false,
    unknown: [],
  };
  for (const { text: written, line } of logicalLines(text)) {
    const names = [...written.matchAll(/\$\{([A-Z0-9_]+)\}/g)].map(([, name = '']) => name);
    if (names.some((name) => variable(name) === undefined)) file.unknown.push({ text: written, line });
    else
      readLine(file, { text: written.replace(/\$\{([A-Z0-9_]+)\}/g, (_, name: string) => variable(name) ?? ''), line });
  }
  return file;
}

function logicalLines(text: string): { text: string; line: number }[] {
  const lines: { text: string; line: number }[] = [];
  let open: { text: string; line: number } | undefined;
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .entries()) {
    const current = open ?? { text: '', line: index + 1 };
    const isComment = /^\s*#/.test(raw);
    current.text += isComment ? '' : raw.replace(/\\$/, '');
    if (raw.endsWith('\\') && !isComment) {
      open = current;
      continue;
    }
    open = undefined;
    lines.push({ ...current, text: current.text.replace(/(?:^|\s)#.*$/, '').trim() });
  }
  if (open) lines.push({ ...open, text: open.text.trim() });
  return lines.filter((line) => line.text !== '');
}

function readLine(file: RequirementsFile, { text, line }: { text: string; line: number }): void {
  const option = /^(-{1,2}[a-z][a-z-]*)(?:\s*=\s*|\s+)?(.*)$/s.exec(text.replace(/^(-[rcife])(?=[^\s=-])/, '$1 '));
  if (!option) {
    file.requirements.push({ text, line });
    return;
  }
  const [, name = '', rest = ''] = option;
  const value = rest.trim().replace(/^(["'])(.*)\1$/, '$2');
  switch (name) {
    case '-r':
    case '--requirement':
    case '-c':
    case '--constraint':
      file.files.push({ path: value, isConstraints: name === '-c' || name === '--constraint', line });
      break;
    case '-e':
    case '--editable':
      file.requirements.push({ text: value, line });
      break;
    case '-i':
    case '--index-url':
    case '--pypi-url':
      file.index = value;
      break;
    case '--extra-index-url':
    case '-f':
    case '--find-links':
      file.extraIndexes.push(value);
      break;
    case '--no-index':
      file.noIndex = true;
      break;
    case '--pre':
      file.prereleases = true;
      break;
    default:
  }
}
