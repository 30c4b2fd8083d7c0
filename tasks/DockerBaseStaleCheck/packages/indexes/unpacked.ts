import { ReadableStream } from 'node:stream/web';
import { gunzipSync } from 'node:zlib';
import type { XzReadableStream as XzStream } from 'xz-decompress';

interface Library {
  XzReadableStream: typeof XzStream;
  default?: Library;
}

/** Debian's largest list is some 60 MB; what says it is far more is no list. */
const LARGEST = 1024 * 1024 * 1024;
const GZIP = Buffer.from([0x1f, 0x8b]);
const XZ = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);

/** What a packed body holds: gzip, xz, or as it is. Throws for one that is damaged or unfolds without end. */
export async function unpacked(body: Buffer, largest = LARGEST): Promise<Buffer> {
  if (body.subarray(0, GZIP.length).equals(GZIP)) return gunzipSync(body, { maxOutputLength: largest });
  return body.subarray(0, XZ.length).equals(XZ) ? unpackedXz(body, largest) : body;
}

/** Node reads no xz, which is all that Debian's security and update suites have. */
async function unpackedXz(body: Buffer, largest: number): Promise<Buffer> {
  const library: Library = await import('xz-decompress');
  // Node itself sees one export of the library, a bundle those in it.
  const { XzReadableStream } = library.default ?? library;
  const packed = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(body);
      controller.close();
    },
  });
  const parts: Uint8Array[] = [];
  let size = 0;
  // The declared types are those of a browser.
  for await (const part of new XzReadableStream(packed) as unknown as AsyncIterable<Uint8Array>) {
    size += part.length;
    if (size > largest) throw new Error(`it unfolds to more than ${largest} bytes`);
    parts.push(Uint8Array.from(part));
  }
  return Buffer.concat(parts, size);
}
