import { Worker } from 'node:worker_threads';
import { Markdown, RENDERER } from '../../../src/services/markdown';
import { createRenderer } from '../../../src/services/markdown/render';

const render = createRenderer('http://ferry.test');
const REL = 'rel="noopener nofollow ugc"';

describe('Markdown', () => {
  it.each([
    ['**b** *i* ~~s~~ `c`', '<p><strong>b</strong> <em>i</em> <s>s</s> <code>c</code></p>\n'],
    ['{{7*7}} <%= 7 %>', '<p>{{7*7}} &lt;%= 7 %&gt;</p>\n'],
    ['a\n\n---\n\nb', '<p>a</p>\n<hr />\n<p>b</p>\n'],
    ['3. x', '<ol start="3">\n<li>x</li>\n</ol>\n'],
    ['[a](/docs "t")', `<p><a href="/docs" title="t" ${REL}>a</a></p>\n`],
    ['https://a.example', `<p><a href="https://a.example" ${REL}>https://a.example</a></p>\n`],
    ['<me@a.example>', `<p><a href="mailto:me@a.example" ${REL}>me@a.example</a></p>\n`],
    [
      '- [ ] a\n- [X] b\n- [y] c',
      '<ul>\n<li><input type="checkbox" disabled /> a</li>\n<li><input type="checkbox" disabled checked /> b</li>\n<li>[y] c</li>\n</ul>\n',
    ],
    [
      '|a|b|\n|-|-:|\n|1|2|',
      '<table>\n<thead>\n<tr>\n<th>a</th>\n<th align="right">b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n<td align="right">2</td>\n</tr>\n</tbody>\n</table>\n',
    ],
    [
      '```js\nlet a = "<b>";\n```',
      '<pre><code class="language-js"><span class="hljs-keyword">let</span> a = <span class="hljs-string">"&lt;b&gt;"</span>;\n</code></pre>\n',
    ],
    ['```klingon\n<b>\n```', '<pre><code class="language-klingon">&lt;b&gt;\n</code></pre>\n'],
    ['```\n<b>\n```', '<pre><code>&lt;b&gt;\n</code></pre>\n'],
  ])('%j', (text, html) => {
    expect(render(text)).toBe(html);
  });

  it.each([
    ['![a](https://e.example/x.png)', '<img src="https://e.example/x.png" alt="a" loading="lazy" />'],
    ['![a](/api/v1/files/1/content)', '<img src="/api/v1/files/1/content" alt="a" loading="lazy" />'],
    ['![a](x.png)', '<img src="x.png" alt="a" loading="lazy" />'],
    ['![a](http://ferry.test/x.png)', '<img src="http://ferry.test/x.png" alt="a" loading="lazy" />'],
    ['![a](http://e.example/x.png)', 'a'],
    ['![a](http://ferry.test.e.example/x.png)', 'a'],
    ['![a<b>](//e.example/x.png)', 'a&lt;b&gt;'],
    ['![a](mailto:x@e.example)', 'a'],
  ])('images: %j', (text, html) => {
    expect(render(text)).toBe(`<p>${html}</p>\n`);
  });

  it.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<svg/onload=alert(1)>',
    '<iframe src="javascript:alert(1)">',
    '<style>*{display:none}</style>',
    '<a href="javascript:alert(1)">x</a>',
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1))',
    '[x](javascript&colon;alert(1))',
    '[x](&#106;avascript:alert(1))',
    '[x](\u0001javascript:alert(1))',
    '[x](java\nscript:alert(1))',
    '[x](<java&#10;script:alert(1)>)',
    '[x](vbscript:x)',
    '[x](data:text/html,<script>alert(1)</script>)',
    '[x](file:///etc/passwd)',
    '![x](data:image/svg+xml,<svg onload=alert(1)>)',
    '![x](javascript:alert(1))',
    '![" onerror="alert(1)](/x)',
    String.raw`[x](/a "\" onclick=\"alert(1)")`,
    '[a]: javascript:alert(1)\n\n[a]',
    '<javascript:alert(1)>',
    '```js" onload="alert(1)\nx\n```',
    '```a onclick=alert(1)\nx\n```',
    '<!-- --><script>alert(1)</script>',
    '<![CDATA[<script>alert(1)</script>]]>',
    '<math><mi xlink:href="javascript:alert(1)">',
    '<form action=/x><input type=password>',
    '<object data=x>',
    '<base href=//e.example>',
    '<meta http-equiv=refresh content=0>',
  ])('makes nothing of %j that a browser would run', (text) => {
    const html = render(text);
    for (const [tag] of html.matchAll(/<[a-z][^>]*>/gi)) {
      expect(tag).toMatch(/^<(?:p|a|img|br|pre|code|span|strong|em|ul|li|h\d)\b/);
      expect(tag.replace(/"[^"]*"/g, '""')).not.toMatch(/\bon\w+=|style=|srcdoc/i);
      expect(tag).not.toMatch(/(?:href|src)="\s*(?:javascript|vbscript|data|file):/i);
    }
  });

  const LENGTH = 64 * 1024;
  it.each(
    [
      '[',
      '![',
      '*',
      '_ *',
      '`',
      '> ',
      '- ',
      '[a](',
      '<',
      '&',
      '\\',
      '|',
      '~~a',
      '#',
      '\n',
      '\0',
      '\ud800',
      '(((',
      '**a ',
    ].map((piece): [string, string] => [
      JSON.stringify(piece),
      piece.repeat(Math.ceil(LENGTH / piece.length)),
    ]),
  )('takes any number of %s', (_name, text) => {
    expect(render(text).length).toBeLessThan(20 * LENGTH);
  });

  it('takes lists and quotations of any depth', () => {
    const depth = Array.from({ length: 2000 }, (_, level) => `${' '.repeat(level * 2)}- x`).join('\n');
    expect(render(depth)).toContain('<li>x');
    expect(render('>'.repeat(LENGTH) + 'x')).toContain('<blockquote>');
  });
});

describe('the thread that renders', () => {
  /** A thread that does what the code says. */
  const running = (code: string) => () => new Worker(code, { eval: true });
  const listening = (code: string) =>
    `const { parentPort } = require('node:worker_threads'); parentPort.on('message', ({ text }) => { ${code} });`;

  it('renders texts in their order, and again after it was closed', async () => {
    const markdown = new Markdown({ publicUrl: null });
    const rendered = await Promise.all(['*1*', '*2*', '*3*'].map((text) => markdown.render(text)));
    expect(rendered).toEqual(
      [1, 2, 3].map((number) => ({ html: `<p><em>${number}</em></p>\n`, renderer: RENDERER })),
    );
    await markdown.close();
    expect((await markdown.render('x')).html).toBe('<p>x</p>\n');
    await markdown.close();
  });

  it('is ended when a text takes too long, which is then shown as it stands', async () => {
    const startWorker = running(
      listening("if (text === 'slow <b>&') for (;;); parentPort.postMessage({ html: 'done' })"),
    );
    const markdown = new Markdown({ publicUrl: null, timeMs: 500, startWorker });
    const [slow, next] = await Promise.all([markdown.render('slow <b>&'), markdown.render('next')]);
    expect(slow).toEqual({ html: '<pre>slow &lt;b&gt;&amp;</pre>', renderer: RENDERER });
    expect(next).toEqual({ html: 'done', renderer: RENDERER });
    await markdown.close();
  });

  it.each([
    [
      'dies at a text',
      listening("if (text === 'bad') throw new Error('bad'); parentPort.postMessage({ html: 'done' })"),
    ],
    [
      'ends at a text',
      listening("if (text === 'bad') process.exit(0); parentPort.postMessage({ html: 'done' })"),
    ],
  ])('that %s leaves that text to be rendered later', async (_name, code) => {
    const markdown = new Markdown({ publicUrl: null, startWorker: running(code) });
    const [bad, next] = await Promise.all([markdown.render('bad'), markdown.render('next')]);
    expect(bad).toEqual({ html: '<pre>bad</pre>', renderer: 0 });
    expect(next.html).toBe('done');
    await markdown.close();
  });
});
