import { marked } from 'marked';

/** A machine without a font of pictures shows boxes in their place; these are in most fonts. */
const SIGNS: Record<string, { sign: string; colour: string }> = {
  '✅': { sign: '✔', colour: '#3c8527' },
  '❌': { sign: '✘', colour: '#c8312b' },
  '⚠️': { sign: '⚠', colour: '#b36b00' },
  '🚫': { sign: '⊘', colour: '#c8312b' },
  '⏱️': { sign: '◔', colour: '#b36b00' },
  '▶️': { sign: '▶', colour: '#005a9e' },
  '⏭️': { sign: '»', colour: '#666' },
  '♻️': { sign: '♻', colour: '#b36b00' },
  '❓': { sign: '?', colour: '#666' },
  '▫️': { sign: '▫', colour: '#666' },
};

/** Markdown as a page of Azure DevOps shows it: tables of GitHub's kind, `<br>` and no other markup of its own. */
export function markdownPage(parts: { title: string; markdown: string }[]): string {
  const sections = parts.map(
    ({ title, markdown }) => `<h2>${title}</h2>${marked.parse(markdown, { async: false, gfm: true })}`,
  );
  const html = Object.entries(SIGNS).reduce(
    (text, [emoji, { sign, colour }]) => text.replaceAll(emoji, `<b style="color:${colour}">${sign}</b>`),
    sections.join(''),
  );
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Summary</title><style>
body { margin: 0; padding: 8px 24px 24px; font: 14px "Segoe UI", "Liberation Sans", sans-serif; color: rgba(0, 0, 0, .9); background: #fff; }
h2 { font-size: 17px; margin: 20px 0 8px; }
table { border-collapse: collapse; }
th, td { border: 1px solid rgba(0, 0, 0, .15); padding: 6px 10px; text-align: left; vertical-align: top; }
a { color: #005a9e; text-decoration: none; }
code { font-family: "Liberation Mono", monospace; }
</style></head><body>${html}</body></html>`;
}
