/**
 * An empty bbolt database (`db.init` in etcd-io/bbolt): two pages that say where things are, a list of free pages, and a
 * root without buckets.
 */
export function emptyBolt(): Buffer {
  const pageSize = 4096
  const file = Buffer.alloc(4 * pageSize)
  const page = (id: number, flags: number): Buffer => {
    const bytes = file.subarray(id * pageSize, (id + 1) * pageSize)
    bytes.writeBigUInt64LE(BigInt(id), 0)
    bytes.writeUInt16LE(flags, 8)
    return bytes.subarray(16)
  }
  for (const id of [0, 1]) {
    const meta = page(id, 0x04)
    meta.writeUInt32LE(0xed0cdaed, 0)
    meta.writeUInt32LE(2, 4)
    meta.writeUInt32LE(pageSize, 8)
    meta.writeBigUInt64LE(3n, 16)
    meta.writeBigUInt64LE(2n, 32)
    meta.writeBigUInt64LE(4n, 40)
    meta.writeBigUInt64LE(BigInt(id), 48)
    meta.writeBigUInt64LE(fnv1a(meta.subarray(0, 56)), 56)
  }
  page(2, 0x10)
  page(3, 0x02)
  return file
}

function fnv1a(bytes: Buffer): bigint {
  return bytes.reduce((hash, byte) => BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n), 0xcbf29ce484222325n)
}
