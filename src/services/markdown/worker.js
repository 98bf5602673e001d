'use strict';

/*
 * The thread that renders Markdown, so that a hostile text takes nobody's time but its own. It is JavaScript because a
 * worker thread is started from a file by Node itself, which cannot load TypeScript: under jest and tsx there is no
 * compiled file beside the source.
 */

const { parentPort, workerData } = require('node:worker_threads');
const { createRenderer } = require('./render.js');

const { publicUrl } = /** @type {{ publicUrl: string | null }} */ (workerData);
const render = createRenderer(publicUrl);

parentPort?.on('message', (/** @type {{ text: string }} */ { text }) => {
  parentPort?.postMessage({ html: render(text) });
});
