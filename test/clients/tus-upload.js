'use strict';

/*
 * Uploads a file by tus-js-client in a process of its own, which can be killed:
 *
 *   node tus-upload.js '{"file": "/tmp/a.bin", "options": {…}, "stopAfter": 1000}'
 *
 * With `stream` it does not know how long the file is. It writes what happened as lines of JSON. With `stopAfter` it kills itself once so many bytes were accepted.
 */

const fs = require('node:fs');
const { PassThrough } = require('node:stream');
const tus = require('tus-js-client');

const { file, options, stopAfter = Infinity, stream = false } = JSON.parse(process.argv[2] ?? '{}');

/** Written before anything else goes on. @param {object} line */
const tell = (line) => fs.writeSync(1, `${JSON.stringify(line)}\n`);

/** Of a file it knows the length; of what comes out of a pipe it does not. */
const source = fs.createReadStream(file);
const upload = new tus.Upload(stream ? source.pipe(new PassThrough()) : source, {
  retryDelays: [0, 50, 100],
  ...options,
  onUploadUrlAvailable: () => tell({ url: upload.url }),
  onChunkComplete: (size, accepted) => {
    tell({ accepted });
    if (accepted >= stopAfter) process.kill(process.pid, 'SIGKILL');
  },
  onAfterResponse: (request, response) =>
    tell({
      method: request.getMethod(),
      status: response.getStatus(),
      fileId: response.getHeader('Ferry-File-Id') ?? null,
    }),
  onSuccess: () => tell({ done: true, url: upload.url }),
  onError: (error) => {
    tell({ error: String(error) });
    process.exitCode = 1;
  },
});
upload.start();
