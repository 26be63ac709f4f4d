/**
 * An ISO 9660 volume with Rock Ridge names (ECMA-119; RRIP 1.09) of a few small files: the same files give the same bytes, at whatever time. What cloud-init, Linux and FreeBSD
 * read, and nothing more: no Joliet, no boot record, no multiple extents.
 */
const SECTOR = 2048;
const FIRST = 18; // sectors: 16 of nothing, the volume's descriptor, and the descriptors' end

interface Entry {
  name: string;
  /** The name without Rock Ridge: plain, and there only because there must be one. */
  id: string;
  content?: Buffer;
  children?: Entry[];
  extent: number;
  size: number;
}

const sectors = (bytes: number) => Math.max(1, Math.ceil(bytes / SECTOR));
const padded = (data: Buffer) => Buffer.concat([data], sectors(data.length) * SECTOR);

export function iso(label: string, files: Record<string, string>): Buffer {
  const root = tree(files);
  const folders = breadthFirst(root);
  const leaves = folders.flatMap(({ children }) => children!.filter(({ content }) => content));
  const table = sectors(pathTable(folders, "LE").length);

  let next = FIRST + 2 * table;
  for (const folder of folders) folder.size = sectors(listing(folder, folder).length) * SECTOR;
  for (const entry of [...folders, ...leaves]) {
    entry.extent = next;
    next += sectors(entry.size);
  }
  const parentOf = (folder: Entry) => folders.find(({ children }) => children!.includes(folder)) ?? folder;
  return Buffer.concat([
    Buffer.alloc(16 * SECTOR), descriptor(label, root, next, pathTable(folders, "LE").length, table), padded(Buffer.from("\xffCD001\x01", "latin1")),
    ...(["LE", "BE"] as const).map((order) => padded(pathTable(folders, order))),
    ...folders.map((folder) => padded(listing(folder, parentOf(folder)))), ...leaves.map(({ content }) => padded(content!)),
  ]);
}

/** Folders and files by their paths, in the order of their names. */
function tree(files: Record<string, string>): Entry {
  const folder = (name: string, id: string): Entry => ({ name, id, children: [], extent: 0, size: 0 });
  const root = folder("", "\0");
  Object.keys(files).sort().forEach((path, i) => {
    const parts = path.split("/");
    const name = parts.pop()!;
    const number = String(i).padStart(5, "0");
    const at = parts.reduce((parent, part) => {
      const there = parent.children!.find((entry) => entry.name === part) ?? folder(part, `D${number}`);
      if (!parent.children!.includes(there)) parent.children!.push(there);
      return there;
    }, root);
    const content = Buffer.from(files[path]!);
    at.children!.push({ name, id: `F${number}.;1`, content, extent: 0, size: content.length });
  });
  return root;
}

function breadthFirst(root: Entry): Entry[] {
  const all = [root];
  for (const folder of all) all.push(...folder.children!.filter(({ children }) => children).sort(byId));
  return all;
}

const byId = (a: Entry, b: Entry) => (a.id < b.id ? -1 : 1);

/** Numbers stand there twice, for either kind of processor. */
function both(value: number, bytes: 2 | 4): Buffer {
  const data = Buffer.alloc(2 * bytes);
  data.writeUIntLE(value, 0, bytes);
  data.writeUIntBE(value, bytes, bytes);
  return data;
}

/** The folder's own entry, its parent's, and its children's; none lies across two sectors. */
function listing(folder: Entry, parent: Entry): Buffer {
  const own = folder.id === "\0" ? record(folder, "\0", "ER\x12\x01\x0a\0\0\x01RRIP_1991A", "SP\x07\x01\xbe\xef\0") : record(folder, "\0");
  const all = [own, record(parent, "\x01"), ...[...folder.children!].sort(byId).map((entry) => record(entry, entry.id, `NM${String.fromCharCode(5 + entry.name.length)}\x01\0${entry.name}`))];
  return all.reduce((data, one) => Buffer.concat([data, Buffer.alloc((data.length % SECTOR) + one.length > SECTOR ? SECTOR - (data.length % SECTOR) : 0), one]), Buffer.alloc(0));
}

/** An entry of a folder, with the Rock Ridge fields that come after and before its mode. */
function record(entry: Entry, id: string, after = "", before = ""): Buffer {
  // For root's eyes: what a seed holds is often secret.
  const mode = [Buffer.from("PX\x24\x01", "latin1"), both(entry.children ? 0o40500 : 0o100400, 4), both(1, 4), both(0, 4), both(0, 4)];
  const name = Buffer.from(id.length % 2 ? id : `${id}\0`, "latin1");
  const fields = Buffer.concat([name, Buffer.from(before, "latin1"), ...mode, Buffer.from(after, "latin1")]);
  const length = 33 + fields.length;
  const head = [Buffer.from([length + (length % 2), 0]), both(entry.extent, 4), both(entry.size, 4), Buffer.from([80, 1, 1, 0, 0, 0, 0, entry.children ? 2 : 0, 0, 0]), both(1, 2), Buffer.from([id.length])];
  return Buffer.concat([...head, fields, Buffer.alloc(length % 2)]);
}

function pathTable(folders: Entry[], order: "LE" | "BE"): Buffer {
  return Buffer.concat(folders.map((folder) => {
    const parent = folders.findIndex(({ children }) => children!.includes(folder));
    const head = Buffer.alloc(8);
    head[0] = folder.id.length;
    head[`writeUInt32${order}`](folder.extent, 2);
    head[`writeUInt16${order}`](Math.max(parent, 0) + 1, 6);
    return Buffer.concat([head, Buffer.from(folder.id, "latin1"), Buffer.alloc(folder.id.length % 2)]);
  }));
}

function descriptor(label: string, root: Entry, size: number, tableBytes: number, table: number): Buffer {
  const data = Buffer.alloc(SECTOR);
  const put = (at: number, value: Buffer | string) => (typeof value === "string" ? data.write(value, at, "latin1") : value.copy(data, at));
  put(0, "\x01CD001\x01");
  put(8, " ".repeat(32)), put(40, label.padEnd(32));
  put(80, both(size, 4)), put(120, both(1, 2)), put(124, both(1, 2)), put(128, both(SECTOR, 2)), put(132, both(tableBytes, 4));
  data.writeUInt32LE(FIRST, 140), data.writeUInt32BE(FIRST + table, 148);
  put(156, record(root, "\0").subarray(0, 34)), (data[156] = 34);
  put(190, " ".repeat(623));
  for (const at of [813, 830, 847, 864]) put(at, "0".repeat(16));
  put(813, "1980010100000000"), put(830, "1980010100000000");
  data[881] = 1;
  return data;
}
