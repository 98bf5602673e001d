import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type * as Sdk from '@aws-sdk/client-s3';
import { NotFound, Unavailable } from '../../../errors';
import { createClient, MOST_ATTEMPTS, type ClientOptions } from './client';
import { translate } from './errors';

const FIRST_PAUSE_MS = 100;
/** Keys that one request deletes at most. */
const KEYS_AT_ONCE = 1000;

export interface BucketOptions extends ClientOptions {
  bucket: string;
  /** Begins all keys. */
  prefix: string;
}

export interface StoredObject {
  key: string;
  size: number;
  modifiedAt: Date;
}

/** Bytes to be written, which can be begun again. */
export interface Body {
  size: number;
  /** Of the bytes, where it is known: the storage then refuses what arrives changed. */
  crc32?: number;
  open: () => Uint8Array | Readable;
}

/** A multipart upload under way, or what it becomes. */
export interface Assembly {
  key: string;
  uploadId: string;
}

export interface FinishedPart {
  number: number;
  etag: string;
}

/** Nothing is connected yet. */
export async function createBucket(options: BucketOptions): Promise<Bucket> {
  const { sdk, client } = await createClient(options);
  return new Bucket(sdk, client, options);
}

/**
 * The objects of one bucket under a prefix, which is left out of their keys here.
 * Errors: see `translate`.
 */
export class Bucket {
  constructor(
    private readonly sdk: typeof Sdk,
    private readonly client: Sdk.S3Client,
    private readonly options: BucketOptions,
  ) {}

  /** Where it is, for people. */
  get location(): string {
    const { endpoint, bucket, prefix } = this.options;
    return `${endpoint.replace(/\/+$/, '')}/${bucket}/${prefix}`;
  }

  /** @throws `Unavailable` */
  async ping(): Promise<void> {
    try {
      await this.run(() => this.client.send(new this.sdk.HeadBucketCommand(this.in())));
    } catch (error) {
      throw error instanceof NotFound ? new Unavailable('The bucket is not there.', error) : error;
    }
  }

  close(): void {
    this.client.destroy();
  }

  /** @returns bytes; null when it is not there */
  async sizeOf(key: string): Promise<number | null> {
    const head = this.run(() => this.client.send(new this.sdk.HeadObjectCommand(this.at(key))));
    const found = await orNull(head);
    return found && (found.ContentLength ?? 0);
  }

  /** Bytes [start, end) as they come; they are not many when they break off. */
  async read(key: string, start: number, end: number): Promise<Readable> {
    const range = `bytes=${start}-${end - 1}`;
    const { Body: body } = await this.run(() =>
      this.client.send(new this.sdk.GetObjectCommand({ ...this.at(key), Range: range })),
    );
    return body as Readable;
  }

  /** The whole of a small object; null when it is not there. */
  async readSmall(key: string): Promise<Buffer | null> {
    const command = new this.sdk.GetObjectCommand(this.at(key));
    const whole = this.run(async () => {
      const { Body: body } = await this.client.send(command);
      return Buffer.from((await body?.transformToByteArray()) ?? []);
    });
    return orNull(whole);
  }

  /** Once it resolves, the object is there whole and stays. */
  async write(key: string, body: Body): Promise<void> {
    await this.sendBody(body, (bytes, options) =>
      this.client.send(new this.sdk.PutObjectCommand({ ...this.at(key), ...bytes }), options),
    );
  }

  async writeText(key: string, text: string): Promise<void> {
    const bytes = Buffer.from(text);
    await this.write(key, { size: bytes.length, open: () => bytes });
  }

  /** Copies within the storage. */
  async copy(from: string, to: string): Promise<void> {
    const source = { ...this.at(to), CopySource: this.sourceOf(from) };
    await this.run(() => this.client.send(new this.sdk.CopyObjectCommand(source)));
  }

  /** Those that are not there are no error. */
  async delete(keys: string[]): Promise<void> {
    for (let start = 0; start < keys.length; start += KEYS_AT_ONCE) {
      const batch = keys.slice(start, start + KEYS_AT_ONCE).map((key) => ({ Key: this.full(key) }));
      const command = new this.sdk.DeleteObjectsCommand({
        ...this.in(),
        Delete: { Objects: batch, Quiet: true },
      });
      const { Errors: [failed] = [] } = await this.run(() => this.client.send(command));
      if (failed)
        throw new Unavailable(`Not everything could be deleted: ${failed.Code ?? 'no reason given'}.`);
    }
  }

  /** Ascending by key. @param after keys up to this one are left out */
  async *list(prefix: string, after?: string): AsyncGenerator<StoredObject> {
    let token: string | undefined;
    do {
      const command = new this.sdk.ListObjectsV2Command({
        ...this.in(),
        Prefix: this.full(prefix),
        ...(token === undefined
          ? after !== undefined && { StartAfter: this.full(after) }
          : { ContinuationToken: token }),
      });
      const page = await this.run(() => this.client.send(command));
      for (const { Key, Size = 0, LastModified = new Date(0) } of page.Contents ?? []) {
        if (Key !== undefined)
          yield { key: Key.slice(this.options.prefix.length), size: Size, modifiedAt: LastModified };
      }
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  async beginAssembly(key: string): Promise<Assembly> {
    const { UploadId: uploadId } = await this.run(() =>
      this.client.send(new this.sdk.CreateMultipartUploadCommand(this.at(key))),
    );
    if (uploadId === undefined) throw new Unavailable('The object storage began no multipart upload.');
    return { key, uploadId };
  }

  /** @param range bytes [start, end) of the object `from` */
  async copyPart(
    assembly: Assembly,
    number: number,
    from: string,
    range: { start: number; end: number },
  ): Promise<FinishedPart> {
    const command = new this.sdk.UploadPartCopyCommand({
      ...this.part(assembly, number),
      CopySource: this.sourceOf(from),
      CopySourceRange: `bytes=${range.start}-${range.end - 1}`,
    });
    const { CopyPartResult: result } = await this.run(() => this.client.send(command));
    return { number, etag: result?.ETag ?? '' };
  }

  async writePart(assembly: Assembly, number: number, body: Body): Promise<FinishedPart> {
    const { ETag: etag = '' } = await this.sendBody(body, (bytes, options) =>
      this.client.send(new this.sdk.UploadPartCommand({ ...this.part(assembly, number), ...bytes }), options),
    );
    return { number, etag };
  }

  async finishAssembly({ key, uploadId }: Assembly, parts: FinishedPart[]): Promise<void> {
    const ordered = [...parts].sort((a, b) => a.number - b.number);
    const command = new this.sdk.CompleteMultipartUploadCommand({
      ...this.at(key),
      UploadId: uploadId,
      MultipartUpload: { Parts: ordered.map(({ number, etag }) => ({ PartNumber: number, ETag: etag })) },
    });
    await this.run(() => this.client.send(command));
  }

  /** One that has ended is no error. */
  async abortAssembly({ key, uploadId }: Assembly): Promise<void> {
    const command = new this.sdk.AbortMultipartUploadCommand({ ...this.at(key), UploadId: uploadId });
    await orNull(this.run(() => this.client.send(command)));
  }

  /**
   * Sends bytes, and again from their start when that fails in a way that may pass: the SDK itself gives up, as it
   * cannot begin a stream again.
   */
  private async sendBody<Output>(
    { size, crc32, open }: Body,
    send: (bytes: SentBytes, options: { abortSignal: AbortSignal }) => Promise<Output>,
  ): Promise<Output> {
    for (let attempt = 1; ; attempt += 1) {
      const bytes = open();
      const broken = new AbortController();
      // The SDK does not look after a stream that fails, and would wait for the rest.
      if ('on' in bytes) bytes.on('error', (error) => broken.abort(error));
      const sent = {
        Body: bytes,
        ContentLength: size,
        ...(crc32 !== undefined && { ChecksumCRC32: base64Of(crc32) }),
      };
      try {
        return await this.run(() => send(sent, { abortSignal: broken.signal }));
      } catch (error) {
        if (broken.signal.aborted) throw translate(broken.signal.reason);
        if (!(error instanceof Unavailable) || attempt === MOST_ATTEMPTS) throw error;
      } finally {
        if ('destroy' in bytes) bytes.destroy();
      }
      await sleep(FIRST_PAUSE_MS * 2 ** attempt * (0.5 + Math.random()));
    }
  }

  private async run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw translate(error);
    }
  }

  private full(key: string): string {
    return this.options.prefix + key;
  }

  private in(): { Bucket: string } {
    return { Bucket: this.options.bucket };
  }

  private at(key: string): { Bucket: string; Key: string } {
    return { ...this.in(), Key: this.full(key) };
  }

  private part({ key, uploadId }: Assembly, number: number) {
    return { ...this.at(key), UploadId: uploadId, PartNumber: number };
  }

  /** All characters of our keys stand for themselves in a URL. */
  private sourceOf(key: string): string {
    return `${this.options.bucket}/${this.full(key)}`;
  }
}

interface SentBytes {
  Body: Uint8Array | Readable;
  ContentLength: number;
  ChecksumCRC32?: string;
}

/** As the header x-amz-checksum-crc32 has it. */
function base64Of(crc32: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32);
  return bytes.toString('base64');
}

async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof NotFound) return null;
    throw error;
  }
}
