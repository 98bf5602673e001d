'use strict';

/*
 * The thread that hashes parts while they are being filled. It is JavaScript because a worker thread is started from a
 * file by Node itself, which cannot load TypeScript: under jest and tsx there is no compiled file beside the source.
 * tsc checks it all the same and copies it to dist.
 *
 * Reads are synchronous: this thread has nothing else to do, and so it leaves libuv's thread pool to uploads and
 * downloads.
 */

const { createHash } = require('node:crypto');
const fs = require('node:fs');
const { parentPort } = require('node:worker_threads');

/** Bytes per turn. */
const SLICE = 1024 * 1024;
/** Parts whose running hash is kept. */
const MAX_PARTS = 1000;

const slice = Buffer.allocUnsafeSlow(SLICE);

/** @param {import('./hash-messages').HashAnswer} answer */
const send = (answer) => parentPort?.postMessage(answer);

/** The running hash of one part: bytes [0, position) are in it. */
class PartHash {
  /** @param {string} path */
  constructor(path) {
    this.path = path;
    this.position = 0;
    this.hash = createHash('sha256');
    /** Bytes [0, target) are final. */
    this.target = 0;
    /** Digests asked for, by ascending size. @type {{ request: number, size: number }[]} */
    this.finishes = [];
    this.queued = false;
  }

  /** How far to go now: never past a size of which the digest is wanted. */
  get goal() {
    return this.finishes[0]?.size ?? this.target;
  }

  get isBusy() {
    return this.finishes.length > 0 || this.position < this.target;
  }

  /** Takes up to one slice of the file into the hash. */
  readSlice() {
    const descriptor = fs.openSync(this.path, 'r');
    try {
      const length = Math.min(SLICE, this.goal - this.position);
      const count = fs.readSync(descriptor, slice, 0, length, this.position);
      if (count === 0) throw new Error(`the part ends at ${this.position} instead of ${this.goal}`);
      this.hash.update(slice.subarray(0, count));
      this.position += count;
    } finally {
      fs.closeSync(descriptor);
    }
  }

  /** One turn: a slice, and the digests that are complete by then. */
  work() {
    const wanted = this.finishes[0];
    if (wanted && wanted.size < this.position) {
      this.position = 0;
      this.hash = createHash('sha256');
    }
    if (this.position < this.goal) this.readSlice();
    while (this.finishes[0]?.size === this.position) {
      const { request } = /** @type {{ request: number }} */ (this.finishes.shift());
      send({ request, digest: this.hash.copy().digest('hex') });
    }
  }

  /** @param {NodeJS.ErrnoException} error */
  fail(error) {
    for (const { request } of this.finishes) {
      send({ request, digest: null, code: error.code ?? null, message: error.message });
    }
    this.finishes = [];
    this.target = this.position;
  }
}

/** By path, the least recently used first. @type {Map<string, PartHash>} */
const parts = new Map();
/** Whose turn it is: parts go round, so that a long one does not hold up the others. @type {PartHash[]} */
const queue = [];
let scheduled = false;

/** @param {string} path */
function touch(path) {
  const part = parts.get(path) ?? new PartHash(path);
  parts.delete(path);
  parts.set(path, part);
  if (parts.size > MAX_PARTS) {
    for (const oldest of parts.values()) {
      if (oldest === part || oldest.finishes.length > 0) continue;
      parts.delete(oldest.path);
      break;
    }
  }
  return part;
}

/** @param {PartHash} part */
function enqueue(part) {
  if (part.queued || !part.isBusy) return;
  part.queued = true;
  queue.push(part);
  schedule();
}

/** Messages are taken in between turns. */
function schedule() {
  if (scheduled || queue.length === 0) return;
  scheduled = true;
  setImmediate(() => {
    scheduled = false;
    turn();
    schedule();
  });
}

function turn() {
  const part = queue.shift();
  if (!part) return;
  part.queued = false;
  if (parts.get(part.path) !== part) return;
  try {
    part.work();
  } catch (error) {
    part.fail(/** @type {NodeJS.ErrnoException} */ (error));
  }
  enqueue(part);
}

/** @param {import('./hash-messages').HashOrder} order */
function obey(order) {
  if (order.kind === 'forget') {
    parts.get(order.path)?.fail(Object.assign(new Error('the part is gone'), { code: 'ENOENT' }));
    parts.delete(order.path);
    return;
  }
  const part = touch(order.path);
  if (order.kind === 'advance') {
    part.target = Math.max(part.target, order.end);
  } else {
    part.finishes.push({ request: order.request, size: order.size });
    part.finishes.sort((a, b) => a.size - b.size);
  }
  enqueue(part);
}

parentPort?.on('message', obey);
