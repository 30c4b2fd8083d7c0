import assert from 'node:assert/strict';
import { Lexer, type Tokens } from 'marked';
import { checkSummary } from '../../tasks/DockerBaseStaleCheck/summary';
import { summaryMarkdown } from '../../tasks/lib/runs/summary';
import { child, dockerfile, summaries } from './summaryScene';

/** The only table of a Markdown text, as a renderer of GitHub's kind takes it. */
function tableOf(markdown: string): Tokens.Table {
  const tables = new Lexer({ gfm: true }).lex(markdown).filter(({ type }) => type === 'table');
  assert.equal(tables.length, 1, markdown);
  return tables[0] as Tokens.Table;
}

const HOSTILE = 'a|b `c` [x](http://evil.example) <script>y</script> **z**\n| injected |\n# heading';

describe('The Markdown summaries', () => {
  for (const { title, markdown } of summaries()) {
    it(`are one table with a cell for each column: ${title}`, () => {
      const { header, rows } = tableOf(markdown);
      assert.ok(rows.length > 0);
      for (const row of rows) assert.equal(row.length, header.length);
    });
  }

  it('tell of a stage in words what its sign tells, unless it succeeded', () => {
    const one = child('image', { result: 'failed' }, ['Build succeeded', 'Test failed', 'Push skipped']);
    const [row] = tableOf(summaryMarkdown([one])).rows;
    assert.equal(row?.at(-1)?.text, '✅ Build<br>❌ Test (failed)<br>⏭️ Push (skipped)');
  });

  it('keep text from elsewhere in its cell: no column, row, link, heading or element comes of it', () => {
    const one = child(HOSTILE, { result: 'failed', reason: HOSTILE, item: HOSTILE, given: [HOSTILE] });
    const texts = [summaryMarkdown([one]), checkSummary([dockerfile(HOSTILE, 'stale', HOSTILE, HOSTILE)])];
    for (const markdown of texts) {
      const { header, rows } = tableOf(markdown);
      assert.equal(rows.length, 1);
      assert.equal(rows[0]?.length, header.length);
      const tokens = rows[0].flatMap(({ tokens: inside }) => inside);
      const html = tokens.filter(({ type, raw }) => type === 'html' && raw !== '<br>');
      assert.deepEqual(html, []);
      const links = tokens.filter(({ type }) => type === 'link').map((token) => (token as Tokens.Link).href);
      assert.ok(
        links.every((href) => href.startsWith('https://dev.azure.com/contoso/')),
        links.join(),
      );
      assert.ok(tokens.every(({ type }) => ['text', 'escape', 'html', 'link'].includes(type)));
    }
  });
});
