import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Assembly, Body, Bucket, FinishedPart } from './bucket';
import { keys } from './keys';
import { inTurns, type SealedPart } from './part-objects';
import { planAssembly, type Step } from './plan';
import { readSegments } from './reading';

/**
 * Makes the bytes of a part one object, which is there whole or not at all. What is large is copied within the storage;
 * only small pieces pass through here.
 * @throws `NotFound` when the part is removed meanwhile
 */
export async function assemble(bucket: Bucket, id: string, sealed: SealedPart, key: string): Promise<void> {
  const steps = planAssembly(sealed.segments);
  const [first] = steps;
  if (!first) {
    await bucket.write(key, { size: 0, open: () => new Uint8Array() });
  } else if (steps.length > 1) {
    await assembleParts(bucket, id, steps, key);
  } else if (first.kind === 'copy' && (await bucket.sizeOf(first.segments[0].key)) === first.size) {
    await bucket.copy(first.segments[0].key, key);
  } else {
    await bucket.write(key, bodyOf(bucket, first));
  }
}

async function assembleParts(bucket: Bucket, id: string, steps: Step[], key: string): Promise<void> {
  const assembly = await bucket.beginAssembly(key);
  const note = keys.assembly(id, randomBytes(8).toString('hex'));
  try {
    // Whoever removes the part after a crash finds it, and aborts it.
    await bucket.writeText(note, JSON.stringify(assembly));
    const parts = await inTurns(steps, (step, index) => runStep(bucket, assembly, index + 1, step));
    await bucket.finishAssembly(assembly, parts);
  } catch (error) {
    await Promise.allSettled([bucket.abortAssembly(assembly), bucket.delete([note])]);
    throw error;
  }
}

function runStep(bucket: Bucket, assembly: Assembly, number: number, step: Step): Promise<FinishedPart> {
  const { kind, segments, size } = step;
  if (kind === 'rewrite') return bucket.writePart(assembly, number, bodyOf(bucket, step));
  const [{ key, offset }] = segments;
  return bucket.copyPart(assembly, number, key, { start: offset, end: offset + size });
}

function bodyOf(bucket: Bucket, { segments, size }: Step): Body {
  const { start } = segments[0];
  return {
    size,
    open: () =>
      Readable.from(readSegments(bucket, segments, start, start + size), {
        objectMode: false,
        highWaterMark: 64 * 1024,
      }),
  };
}
