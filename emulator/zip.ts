import { crc32 } from 'node:zlib';

/** A zip archive of stored (not compressed) files, as the artifact downloads give them. Names have no leading slash. */
export function zipOf(files: Record<string, string>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    const nameBytes = Buffer.from(name);
    const data = Buffer.from(content);
    const common = fields(crc32(data), data.length, nameBytes.length);
    const head = Buffer.concat([signature(0x04034b50), common, nameBytes, data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(signature(0x02014b50), uint16(20), common, tail, nameBytes);
    parts.push(head);
    offset += head.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  const count = Object.keys(files).length;
  end.writeUInt16LE(count, 4);
  end.writeUInt16LE(count, 6);
  end.writeUInt32LE(entries.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, entries, signature(0x06054b50), end]);
}

/** What the local header and the directory entry share: version, flags (UTF-8 names), method 0, time, sums, lengths. */
function fields(checksum: number, size: number, nameLength: number): Buffer {
  const out = Buffer.alloc(26);
  out.writeUInt16LE(20, 0);
  out.writeUInt16LE(0x0800, 2);
  out.writeUInt16LE(0x21, 8);
  out.writeUInt32LE(checksum, 10);
  out.writeUInt32LE(size, 14);
  out.writeUInt32LE(size, 18);
  out.writeUInt16LE(nameLength, 22);
  return out;
}

function signature(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(value);
  return out;
}

function uint16(value: number): Buffer {
  const out = Buffer.alloc(2);
  out.writeUInt16LE(value);
  return out;
}
