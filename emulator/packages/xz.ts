import { crc32 } from 'node:zlib';

const CHUNK = 0x10000;

/** A text as an .xz file whose only block is stored, not compressed. https://tukaani.org/xz/xz-file-format.txt */
export function xzStored(body: Buffer): Buffer {
  const flags = Buffer.from([0, 1]);
  const header = Buffer.concat([Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]), flags, checked(flags)]);
  // One filter, LZMA2 with the smallest dictionary, and neither size.
  const blockHeader = Buffer.from([2, 0, 0x21, 1, 0, 0, 0, 0]);
  const chunks = Array.from({ length: Math.ceil(body.length / CHUNK) }, (_, at) => {
    const chunk = body.subarray(at * CHUNK, (at + 1) * CHUNK);
    const size = Buffer.alloc(2);
    size.writeUInt16BE(chunk.length - 1);
    return Buffer.concat([Buffer.from([at === 0 ? 1 : 2]), size, chunk]);
  });
  const packed = Buffer.concat([blockHeader, checked(blockHeader), ...chunks, Buffer.from([0])]);
  const unpadded = packed.length + 4;
  const index = padded(Buffer.concat([Buffer.from([0, 1]), multibyte(unpadded), multibyte(body.length)]));
  const backward = Buffer.alloc(4);
  backward.writeUInt32LE((index.length + 4) / 4 - 1);
  const footer = Buffer.concat([backward, flags]);
  const end = [index, checked(index), checked(footer), footer, Buffer.from('YZ')];
  return Buffer.concat([header, padded(packed), checked(body), ...end]);
}

function checked(bytes: Buffer): Buffer {
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(bytes));
  return sum;
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

function multibyte(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}
