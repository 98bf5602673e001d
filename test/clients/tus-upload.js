'use strict';

/*
 * Uploads a file by tus-js-client in a process of its own, which can be killed:
 *
 *   node tus-upload.js '{"file": "/tmp/a.bin", "options": {…}, "stopAfter": 1000}'
 *
 * It writes what happened as lines of JSON. With `stopAfter` it kills itself once so many bytes were accepted.
 */

const fs = require('node:fs');
const tus = require('tus-js-client');

const { file, options, stopAfter = Infinity } = JSON.parse(process.argv[2] ?? '{}');

/** Written before anything else goes on. @param {object} line */
const tell = (line) => fs.writeSync(1, `${JSON.stringify(line)}\n`);

const upload = new tus.Upload(fs.createReadStream(file), {
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
