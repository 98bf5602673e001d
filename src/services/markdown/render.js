'use strict';

/*
 * Markdown to safe HTML. It is JavaScript because the worker beside it is: see there. tsc checks it all the same and
 * copies it to dist.
 */

const MarkdownIt = require('markdown-it');
const sanitize = require('sanitize-html');

/** @typedef {InstanceType<typeof MarkdownIt>} Renderer */

/** Longer code is not highlighted: characters. */
const LONGEST_HIGHLIGHTED = 50_000;
const TASK = /^\[([ xX])\][ \u00a0]/;

/** @type {import('sanitize-html').IOptions} */
const SAFE = {
  allowedTags: (
    'a blockquote br code del em h1 h2 h3 h4 h5 h6 hr img input li ol p pre s span strong ' +
    'table tbody td th thead tr ul'
  ).split(' '),
  allowedAttributes: {
    a: ['href', 'title', 'rel'],
    code: ['class'],
    img: ['src', 'alt', 'title', 'loading'],
    input: [{ name: 'type', values: ['checkbox'] }, 'checked', 'disabled'],
    ol: ['start'],
    span: ['class'],
    td: ['align'],
    th: ['align'],
  },
  allowedClasses: { code: ['hljs', /^language-[\w#+.-]{1,30}$/], span: [/^hljs-[\w-]+$/, /^[\w-]+_$/] },
  allowedSchemes: ['http', 'https', 'mailto'],
  allowedSchemesByTag: { img: ['http', 'https'] },
  disallowedTagsMode: 'escape',
};

/** @type {import('highlight.js').HLJSApi | undefined} */
let highlighter;

/**
 * Highlighted by classes, which a style sheet gives colours. Only languages that are named: guessing takes long.
 * @param {string} code
 * @param {string} language
 * @returns {string} HTML, or nothing to leave the code as it is
 */
function highlight(code, language) {
  if (language === '' || code.length > LONGEST_HIGHLIGHTED) return '';
  // Takes a while to load, and most texts have no code.
  highlighter ??= require('highlight.js/lib/common').default;
  if (!highlighter.getLanguage(language)) return '';
  return highlighter.highlight(code, { language, ignoreIllegals: true }).value;
}

/**
 * Links lead to web addresses, mail addresses and places of this site.
 * @param {string} target
 */
function isLink(target) {
  return /^(?:https?:|mailto:)/i.test(target) || !/^[^/?#]*:/.test(target);
}

/**
 * Images come from here or by https, so that reading a page tells nobody in the clear.
 * @param {string} source
 * @param {string | null} publicUrl
 */
function isImage(source, publicUrl) {
  if (/^https:\/\//i.test(source)) return true;
  if (publicUrl !== null && source.startsWith(`${publicUrl}/`)) return true;
  return !/^[\\/]{2}/.test(source) && !/^[^/?#]*:/.test(source);
}

/**
 * GFM §5.3: items of lists that begin with `[ ]` or `[x]`.
 * @param {Renderer} renderer
 */
function taskLists(renderer) {
  renderer.core.ruler.after('inline', 'task-lists', ({ tokens, Token }) => {
    tokens.forEach((token, index) => {
      if (token.type !== 'inline' || tokens[index - 2]?.type !== 'list_item_open') return;
      const [text] = token.children ?? [];
      const mark = TASK.exec(text?.type === 'text' ? text.content : '');
      if (!mark || !text) return;
      text.content = text.content.slice(mark[0].length);
      const box = new Token('html_inline', '', 0);
      box.content = `<input type="checkbox" disabled${mark[1] === ' ' ? '' : ' checked'} /> `;
      token.children?.unshift(box);
    });
  });
}

/**
 * @param {string | null} publicUrl from where images may come without https
 * @returns {(text: string) => string} Markdown (CommonMark, and tables, strikethrough, task lists and bare links of GFM)
 *   to HTML without scripts, styles and frames; raw HTML stays text
 */
function createRenderer(publicUrl) {
  /** @type {Renderer} */
  const markdown = new MarkdownIt({
    html: false,
    linkify: true,
    highlight,
  });
  const { rules } = markdown.renderer;
  markdown.validateLink = isLink;
  markdown.use(taskLists);
  rules['link_open'] = (tokens, index, options, _environment, renderer) => {
    tokens[index]?.attrSet('rel', 'noopener nofollow ugc');
    return renderer.renderToken(tokens, index, options);
  };
  const image = rules['image'];
  rules['image'] = (tokens, index, options, environment, renderer) => {
    const token = tokens[index];
    if (!isImage(String(token?.attrGet('src') ?? ''), publicUrl)) {
      return markdown.utils.escapeHtml(
        renderer.renderInlineAsText(token?.children ?? [], options, environment),
      );
    }
    token?.attrSet('loading', 'lazy');
    return image?.(tokens, index, options, environment, renderer) ?? '';
  };
  for (const cell of ['th_open', 'td_open']) {
    // The policy of the pages allows no inline styles.
    rules[cell] = (tokens, index, options, _environment, renderer) => {
      const token = tokens[index];
      const [, side] = /^text-align:(\w+)$/.exec(String(token?.attrGet('style') ?? '')) ?? [];
      if (token && side) token.attrs = [['align', side]];
      return renderer.renderToken(tokens, index, options);
    };
  }
  return (text) => sanitize(markdown.render(text), SAFE);
}

module.exports = { createRenderer };
