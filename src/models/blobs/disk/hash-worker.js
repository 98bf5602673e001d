'use strict';

/*
 * The thread that hashes parts while they are being filled, and pieces of blobs when somebody wants them. It is JavaScript because a worker thread is started from a
 * file by Node itself, which cannot load TypeScript: under jest and tsx there is no compiled file beside the source.
 * tsc checks it all the same and copies it to dist.
 *
 * Reads are synchronous: this thread has nothing else to do, and so it leaves libuv's thread pool to uploads and
 * downloads.
 */

const { createHash } = require('node:crypto');
const fs = require('node:fs');
const { join } = require('node:path');
const { parentPort } = require('node:worker_threads');
const { crc32 } = require('node:zlib');

/** Bytes per turn. */
const SLICE = 1024 * 1024;
/** Parts whose running hash is kept. */
const MAX_PARTS = 1000;
/** While parts wait, blobs get one turn in so many: uploads are not held up, and blobs are done in the end. */
const TURNS_FOR_BLOBS = 8;
/** Bytes of a SHA-256. */
const DIGEST_SIZE = 32;

const slice = Buffer.allocUnsafeSlow(SLICE);

/** @param {import('./hash-messages').HashAnswer} answer */
const send = (answer) => parentPort?.postMessage(answer);

/**
 * @param {number} request
 * @param {NodeJS.ErrnoException} error
 */
const sendFailure = (request, error) =>
  send({ request, hashes: null, code: error.code ?? null, message: error.message });

/**
 * The file that has the byte at a position, and where it begins in the whole: what was joined from several parts is a
 * folder of their files.
 * @param {string} path
 * @param {number} position
 */
function fileAt(path, position) {
  if (!fs.statSync(path).isDirectory()) return { file: path, begin: 0 };
  let begin = 0;
  for (const name of fs.readdirSync(path).sort()) {
    const file = join(path, name);
    const { size } = fs.statSync(file);
    if (position < begin + size) return { file, begin };
    begin += size;
  }
  throw new Error(`the files end at ${begin}`);
}

/**
 * Reads up to one slice of a file, or of a folder of files. The bytes are valid until the next call.
 * @param {string} path
 * @param {number} start
 * @param {number} end
 */
function readSlice(path, start, end) {
  const { file, begin } = fileAt(path, start);
  const descriptor = fs.openSync(file, 'r');
  try {
    const count = fs.readSync(descriptor, slice, 0, Math.min(SLICE, end - start), start - begin);
    if (count === 0) throw new Error(`the file ends at ${start} instead of ${end}`);
    return slice.subarray(0, count);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** The running hashes of one part: bytes [0, position) are in them. */
class PartHash {
  /** @param {string} path */
  constructor(path) {
    this.path = path;
    this.position = 0;
    this.hash = createHash('sha256');
    this.crc32 = 0;
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

  /** One turn: a slice, and the digests that are complete by then. */
  work() {
    const wanted = this.finishes[0];
    if (wanted && wanted.size < this.position) {
      this.position = 0;
      this.hash = createHash('sha256');
      this.crc32 = 0;
    }
    if (this.position < this.goal) {
      const bytes = readSlice(this.path, this.position, this.goal);
      this.hash.update(bytes);
      this.crc32 = crc32(bytes, this.crc32);
      this.position += bytes.length;
    }
    while (this.finishes[0]?.size === this.position) {
      const { request } = /** @type {{ request: number }} */ (this.finishes.shift());
      send({ request, hashes: { digests: this.hash.copy().digest(), crc32: this.crc32 } });
    }
  }

  /** @param {NodeJS.ErrnoException} error */
  fail(error) {
    for (const { request } of this.finishes) sendFailure(request, error);
    this.finishes = [];
    this.target = this.position;
  }
}

/** The hashes of one blob, piece by piece. */
class BlobHash {
  /** @param {Extract<import('./hash-messages').HashOrder, { kind: 'pieces' }>} order */
  constructor({ request, path, size, pieceSize }) {
    this.request = request;
    this.path = path;
    this.size = size;
    this.pieceSize = pieceSize;
    this.position = 0;
    this.hash = createHash('sha256');
    this.crc32 = 0;
    // Bytes, because they lie outside of what this thread may have on its heap.
    this.digests = Buffer.alloc(Math.ceil(size / pieceSize) * DIGEST_SIZE);
    this.queued = false;
    this.isBusy = true;
  }

  /** One turn: a slice of one piece. */
  work() {
    if (this.position < this.size) {
      const piece = Math.floor(this.position / this.pieceSize);
      const end = Math.min(this.size, (piece + 1) * this.pieceSize);
      const bytes = readSlice(this.path, this.position, end);
      this.hash.update(bytes);
      this.crc32 = crc32(bytes, this.crc32);
      this.position += bytes.length;
      if (this.position === end) {
        this.hash.digest().copy(this.digests, piece * DIGEST_SIZE);
        this.hash = createHash('sha256');
      }
    }
    if (this.position < this.size) return;
    this.isBusy = false;
    send({ request: this.request, hashes: { digests: this.digests, crc32: this.crc32 } });
  }

  /** @param {NodeJS.ErrnoException} error */
  fail(error) {
    this.isBusy = false;
    sendFailure(this.request, error);
  }
}

/** By path, the least recently used first. @type {Map<string, PartHash>} */
const parts = new Map();
/**
 * Whose turn it is: they go round, so that a long one does not hold up the others.
 * @type {PartHash[]}
 */
const partQueue = [];
/** @type {BlobHash[]} */
const blobQueue = [];
let turns = 0;
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

/** @param {PartHash | BlobHash} job */
function enqueue(job) {
  if (job.queued || !job.isBusy) return;
  job.queued = true;
  if (job instanceof BlobHash) blobQueue.push(job);
  else partQueue.push(job);
  schedule();
}

/** Messages are taken in between turns. */
function schedule() {
  if (scheduled || partQueue.length + blobQueue.length === 0) return;
  scheduled = true;
  setImmediate(() => {
    scheduled = false;
    turn();
    schedule();
  });
}

function turn() {
  turns += 1;
  const blobsFirst = turns % TURNS_FOR_BLOBS === 0;
  const job = (blobsFirst && blobQueue.shift()) || partQueue.shift() || blobQueue.shift();
  if (!job) return;
  job.queued = false;
  if (job instanceof PartHash && parts.get(job.path) !== job) return;
  try {
    job.work();
  } catch (error) {
    job.fail(/** @type {NodeJS.ErrnoException} */ (error));
  }
  enqueue(job);
}

/** @param {import('./hash-messages').HashOrder} order */
function obey(order) {
  if (order.kind === 'forget') {
    parts.get(order.path)?.fail(Object.assign(new Error('the part is gone'), { code: 'ENOENT' }));
    parts.delete(order.path);
    return;
  }
  if (order.kind === 'pieces') {
    enqueue(new BlobHash(order));
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
