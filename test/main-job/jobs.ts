import { createHash, randomBytes, randomInt } from 'node:crypto';

const KIB = 1024;

/** The server as those see it who upload while it is killed. */
export interface Harbour {
  url: string;
  token: string;
}

/** What is known of an upload that goes on through deaths of the server. */
export interface Job {
  readonly title: string;
  readonly sha256: string;
  /** Requests with bytes that were acknowledged. */
  readonly acknowledged: number;
  /** The file that the server said it made. */
  fileId: string | null;
  /** No more is to be done: it is a file, or was ended on purpose. */
  done: boolean;
  /** Goes on from where it is; rejects when the server dies. */
  run(): Promise<void>;
  /** After a restart. @returns what of the acknowledged is not there, a sentence each */
  check(): Promise<string[]>;
}

async function call(
  harbour: Harbour,
  method: string,
  path: string,
  init: RequestInit = {},
): Promise<Response> {
  const headers = { Authorization: `Bearer ${harbour.token}`, ...(init.headers as Record<string, string>) };
  const response = await fetch(`${harbour.url}${path}`, { ...init, method, headers });
  if (response.status >= 500)
    throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response;
}

function contentFor(size: number): { bytes: Uint8Array<ArrayBuffer>; sha256: string } {
  const bytes = new Uint8Array(randomBytes(size));
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** Chunks in any order by Ferry's own protocol, two at a time. */
export class ChunkedJob implements Job {
  readonly title = 'chunks';
  readonly sha256: string;
  fileId: string | null = null;
  done = false;
  private readonly bytes: Uint8Array<ArrayBuffer>;
  private readonly received = new Set<number>();
  private readonly chunkSize = randomInt(16, 256) * KIB;
  private readonly endsBy = randomInt(5) === 0 ? 'aborting' : 'completing';
  private asked = false;
  private id: string | null = null;

  constructor(private readonly harbour: Harbour) {
    ({ bytes: this.bytes, sha256: this.sha256 } = contentFor(randomInt(1, 2000) * KIB));
  }

  get acknowledged(): number {
    return this.received.size;
  }

  async run(): Promise<void> {
    this.id ??= await this.open();
    const missing = Array.from({ length: Math.ceil(this.bytes.length / this.chunkSize) }, (_, index) => index)
      .filter((index) => !this.received.has(index))
      .sort(() => Math.random() - 0.5);
    const queue = missing.values();
    const worker = async () => {
      for (const index of queue) await this.send(index);
    };
    await Promise.all([worker(), worker()]);
    this.asked = true;
    if (this.endsBy === 'aborting') await call(this.harbour, 'DELETE', this.path);
    else await this.complete();
    this.done = true;
  }

  async check(): Promise<string[]> {
    if (this.id === null) return [];
    const response = await call(this.harbour, 'GET', this.path);
    if (response.status === 410 && this.asked && this.endsBy === 'aborting') {
      this.done = true;
      return [];
    }
    if (response.status !== 200) return [`an upload of chunks is answered ${response.status}`];
    const { received, state } = (await response.json()) as { received: [number, number][]; state: string };
    if (state === 'complete' && !this.asked) return ['an upload is complete that nobody completed'];
    const lost = [...this.received].filter(
      (index) => !received.some(([from, to]) => from <= index && index <= to),
    );
    return lost.map((index) => `chunk ${index} is lost`);
  }

  private get path(): string {
    return `/api/v1/uploads/${this.id ?? ''}`;
  }

  private async open(): Promise<string> {
    const body = JSON.stringify({ name: 'a', size: this.bytes.length, chunkSize: this.chunkSize });
    const headers = { 'Content-Type': 'application/json' };
    const response = await call(this.harbour, 'POST', '/api/v1/uploads', { body, headers });
    return ((await response.json()) as { id: string }).id;
  }

  private async send(index: number): Promise<void> {
    const body = this.bytes.subarray(index * this.chunkSize, (index + 1) * this.chunkSize);
    const headers = { 'Content-Type': 'application/octet-stream' };
    const { status } = await call(this.harbour, 'PUT', `${this.path}/chunks/${index}`, { body, headers });
    // Complete already, where the answer to an earlier try was lost.
    if (status !== 200 && !(status === 409 && this.asked)) throw new Error(`a chunk was answered ${status}`);
    this.received.add(index);
  }

  private async complete(): Promise<void> {
    const response = await call(this.harbour, 'POST', `${this.path}/complete`);
    if (!response.ok) throw new Error(`completing was answered ${response.status}`);
    this.fileId = ((await response.json()) as { file: { id: string } }).file.id;
  }
}

/** One stream by tus, in a few PATCHes. */
export class TusJob implements Job {
  readonly title = 'tus';
  readonly sha256: string;
  fileId: string | null = null;
  done = false;
  acknowledged = 0;
  /** Bytes that the server said it has. */
  private safe = 0;
  private readonly bytes: Uint8Array<ArrayBuffer>;
  private readonly pieceSize = randomInt(32, 700) * KIB;
  private address: string | null = null;

  constructor(private readonly harbour: Harbour) {
    ({ bytes: this.bytes, sha256: this.sha256 } = contentFor(randomInt(1, 2000) * KIB));
  }

  async run(): Promise<void> {
    this.address ??= await this.open();
    let { offset } = await this.head();
    while (offset < this.bytes.length) {
      const body = this.bytes.subarray(offset, offset + this.pieceSize);
      const headers = {
        'Tus-Resumable': '1.0.0',
        'Content-Type': 'application/offset+octet-stream',
        'Upload-Offset': String(offset),
      };
      const response = await call(this.harbour, 'PATCH', this.address, { body, headers });
      if (response.status !== 204) throw new Error(`PATCH was answered ${response.status}`);
      offset = this.safe = Number(response.headers.get('upload-offset'));
      this.acknowledged += 1;
    }
    this.fileId = (await this.head()).fileId;
    if (this.fileId === null) throw new Error('a whole upload has no file');
    this.done = true;
  }

  async check(): Promise<string[]> {
    if (this.address === null) return [];
    const { offset } = await this.head();
    return offset >= this.safe ? [] : [`${this.safe - offset} bytes of a stream are lost`];
  }

  private async open(): Promise<string> {
    const headers = { 'Tus-Resumable': '1.0.0', 'Upload-Length': String(this.bytes.length) };
    const response = await call(this.harbour, 'POST', '/tus/', { headers });
    return response.headers.get('location') ?? '';
  }

  private async head(): Promise<{ offset: number; fileId: string | null }> {
    const response = await call(this.harbour, 'HEAD', this.address ?? '', {
      headers: { 'Tus-Resumable': '1.0.0' },
    });
    if (response.status !== 200) throw new Error(`HEAD was answered ${response.status}`);
    return {
      offset: Number(response.headers.get('upload-offset')),
      fileId: response.headers.get('ferry-file-id'),
    };
  }
}

/** A whole file in one form. */
export class FormJob implements Job {
  readonly title = 'form';
  readonly sha256: string;
  fileId: string | null = null;
  done = false;
  readonly acknowledged = 0;
  private readonly bytes: Uint8Array<ArrayBuffer>;

  constructor(private readonly harbour: Harbour) {
    ({ bytes: this.bytes, sha256: this.sha256 } = contentFor(randomInt(1, 1500) * KIB));
  }

  async run(): Promise<void> {
    const body = new FormData();
    body.set('file', new Blob([this.bytes]), 'form.bin');
    const response = await call(this.harbour, 'POST', '/api/v1/files', { body });
    if (response.status !== 201) throw new Error(`a form was answered ${response.status}`);
    this.fileId = ((await response.json()) as { file: { id: string } }).file.id;
    this.done = true;
  }

  check(): Promise<string[]> {
    return Promise.resolve([]);
  }
}
