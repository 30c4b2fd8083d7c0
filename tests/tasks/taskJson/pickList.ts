import Handlebars from 'handlebars';
import { JSONPath } from 'jsonpath-plus';

/** A pick list's binding, as task.json has it. */
export interface Binding {
  target: string;
  endpointId: string;
  endpointUrl: string;
  resultSelector: string;
  resultTemplate: string;
  /** `$(input)` by the name under which the templates know it. */
  parameters?: Record<string, string>;
  initialContextTemplate?: string;
  callbackContextTemplate?: string;
  callbackRequiredTemplate?: string;
}

export interface Choice {
  Value: string;
  DisplayValue: string;
}

/** Where the built-in endpoints of the editor lead, and who edits. */
export interface Editor {
  hosts: Record<string, string>;
  token: string;
}

/** So many pages the service asks for at the most. */
const MOST_PAGES = 5;
const LONGEST_ANSWER = 2 * 1024 * 1024;

/**
 * The choices that the editor shows for a binding while its inputs have these values. What the service does with a binding is written down by
 * https://github.com/microsoft/azure-pipelines-extensions/tree/master/docs/authoring/endpoints (dataSources.md, pagination.md): `$(input)` and
 * `{{parameter}}` in the address, JSONPath as Newtonsoft has it (no script expressions) for what is an item, and a template for each item. Its
 * templates are Mustache with some helpers in the manner of Handlebars; of those only what a task.json of ours uses is here. Throws where the answer
 * is refused, longer than 2 MB, or where a template gives no JSON.
 */
export async function choicesOf(
  binding: Binding,
  inputs: Record<string, string>,
  { hosts, token }: Editor,
): Promise<Choice[]> {
  const host = hosts[binding.endpointId];
  if (host === undefined) throw new Error(`The editor has no endpoint ${binding.endpointId}`);
  const withInputs = (text: string) => text.replace(/\$\((\w+)\)/g, (_, name: string) => inputs[name] ?? '');
  const parameters = Object.entries(binding.parameters ?? {}).map(([name, text]) => [name, withInputs(text)]);
  const common = {
    ...(Object.fromEntries(parameters) as Record<string, string>),
    endpoint: { url: host.replace(/\/$/, '') },
    system: { utcNow: new Date().toISOString() },
  };
  let paging = contextOf(binding.initialContextTemplate, common);
  const choices: Choice[] = [];
  for (let page = 0; page < MOST_PAGES; page++) {
    const url = filled(withInputs(binding.endpointUrl), { ...common, ...paging });
    const answer = await fetch(new URL(url), { headers: { authorization: `Bearer ${token}` } });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`GET ${url}: ${answer.status} ${text}`);
    if (text.length > LONGEST_ANSWER)
      throw new Error(`GET ${url}: ${text.length} letters are more than the editor takes`);
    const result = JSON.parse(text) as object;
    for (const item of selected(binding.resultSelector, result))
      choices.push(JSON.parse(filled(binding.resultTemplate, item)) as Choice);
    const context = { ...common, ...paging, result, headers: Object.fromEntries(answer.headers) };
    if (!binding.callbackRequiredTemplate || filled(binding.callbackRequiredTemplate, context) !== 'true') break;
    paging = contextOf(binding.callbackContextTemplate, context);
  }
  return choices;
}

function selected(selector: string, json: object): object[] {
  const [, path] = /^jsonpath:(\$.*)$/.exec(selector) ?? [];
  if (path === undefined) throw new Error(`${selector} is no JSONPath`);
  // Comparisons are evaluated without JavaScript, of which Newtonsoft knows nothing.
  return JSONPath<object[]>({ path, json, eval: 'safe', wrap: true });
}

function contextOf(template: string | undefined, context: object): Record<string, string> {
  return template === undefined ? {} : (JSON.parse(filled(template, context)) as Record<string, string>);
}

const templates = Handlebars.create();
templates.registerHelper('add', (a: unknown, b: unknown) => Number(a) + Number(b));
templates.registerHelper('isEqualNumber', (a: unknown, b: unknown) => Number(a) === Number(b));

function filled(template: string, context: object): string {
  // The service writes a section with three braces, too.
  const usual = template.replace(/\{\{\{([#/][^{}]+)\}\}\}/g, '{{$1}}');
  return templates.compile(usual)(context);
}
