// A machine that has started the imaging system: its /proc, /sys and /dev in a folder, plain files as disks, and the real scripts.
import { spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, symlinkSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { TestContext } from "node:test";
import { type Served, sha256 } from "./image.ts";
import { type Master, startMaster } from "./server.ts";

const client = join(import.meta.dirname, "../../provider/imaging/client");
const stubs = join(import.meta.dirname, "stubs");
export const NONCE = "0123456789abcdef0123456789abcdef", SITE = "5".repeat(32), MACHINE = "desk-01";

const needed = ["sfdisk", "xxhsum", "zstd", "curl", "blkid", "mkfs.ext4", "debugfs", "dash"];
const path = `${process.env["PATH"]}${delimiter}/usr/sbin${delimiter}/sbin`;
/** What is to be in the imaging system, and nothing else: a tool that the list forgets is not found here either. */
const tools = mkdtempSync(join(tmpdir(), "tools-"));
process.on("exit", () => rmSync(tools, { recursive: true }));
for (const tool of readFileSync(join(client, "tools"), "utf8").trim().split("\n")) {
  const found = path.split(delimiter).map((folder) => join(folder, tool)).find((file) => existsSync(file));
  if (found) symlinkSync(found, join(tools, tool));
}
/** The PATH of a machine: with a folder before it another tool takes a tool's place. */
export const inside = `${stubs}${delimiter}${tools}`;
const isHere = (tool: string) => path.split(delimiter).some((folder) => existsSync(join(folder, tool)));
const missing = needed.filter((tool) => !isHere(tool));
/** Why these tests cannot run here. */
export const skip = missing.length ? `needs ${missing.join(", ")}` : false;
/** Why those with a file system in a loop device cannot. */
export const skipLoop = skip || (process.getuid!() === 0 && spawnSync("losetup", ["-f"], { env: { PATH: path } }).status === 0 ? false : "needs root and loop devices");
/** Why those with a file system that only its own kernel module fills and grows cannot. */
export const skipMounted = (kind: string) => skipLoop || (isHere(`mkfs.${kind}`) && (spawnSync("modprobe", ["-q", kind], { env: { PATH: path } }), readFileSync("/proc/filesystems", "utf8").includes(`\t${kind}\n`)) ? false : `needs mkfs.${kind} and a kernel that mounts it`);

export interface Disk {
  name: string;
  size: number;
  content?: Buffer;
  /** Columns of lsblk. */
  rm?: number; ro?: number; tran?: string; serial?: string; wwn?: string; type?: string;
  /** Lines of `lsblk -o TYPE,MOUNTPOINT`. */
  use?: string;
  sd?: boolean;
  /** Zeros without writing. */
  zeroes?: boolean;
}

export type Job = Record<string, string | number | undefined>;

export class Machine {
  readonly root = mkdtempSync(join(tmpdir(), "machine-"));
  readonly master: Master;
  output = "";
  constructor(master: Master, disks: Disk[], uefi = false) {
    this.master = master;
    for (const folder of ["proc", "dev/disk/by-id", "run/imaging", "sys/class/dmi/id", ...(uefi ? ["sys/firmware/efi/efivars"] : [])]) mkdirSync(join(this.root, folder), { recursive: true });
    writeFileSync(join(this.root, "sys/class/dmi/id/product_uuid"), "4c4c4544-0042\n");
    this.cmdline({});
    writeFileSync(join(this.root, "proc/meminfo"), "MemTotal: 2048000 kB\nMemAvailable: 1024000 kB\n");
    writeFileSync(join(this.root, "run/imaging/interface"), "eth0\n");
    let table = "";
    for (const disk of disks) {
      const file = join(this.root, "dev", disk.name), sys = join(this.root, "sys/block", disk.name);
      writeFileSync(file, disk.content ?? "");
      truncateSync(file, disk.size);
      mkdirSync(join(sys, "queue"), { recursive: true });
      mkdirSync(join(sys, "device"));
      if (disk.sd) writeFileSync(join(sys, "device/type"), "SD\n");
      for (const limit of ["write_zeroes_max_bytes", "discard_max_bytes"]) writeFileSync(join(sys, "queue", limit), disk.zeroes ? "4294966784\n" : "0\n");
      table += `NAME="${disk.name}" SIZE="${disk.size}" RM="${disk.rm ?? 0}" RO="${disk.ro ?? 0}" TRAN="${disk.tran ?? "sata"}" SERIAL="${disk.serial ?? ""}" WWN="${disk.wwn ?? ""}" TYPE="${disk.type ?? "disk"}"\n`;
      writeFileSync(join(this.root, `lsblk.${disk.name}`), disk.use ?? "disk \n");
    }
    writeFileSync(join(this.root, "lsblk"), table);
  }
  cmdline(changes: Record<string, string | undefined>) {
    const all = { "netboot.master": this.master.url, "netboot.machine": MACHINE, "netboot.order": NONCE, "netboot.mac": "52:54:00:00:00:01", ...changes };
    writeFileSync(join(this.root, "proc/cmdline"), "quiet " + Object.entries(all).filter(([, value]) => value !== undefined).map(([key, value]) => `${key}=${value}`).join(" ") + " console=ttyS0\n");
  }
  byId(id: string, name: string) { symlinkSync(`../../${name}`, join(this.root, "dev/disk/by-id", id)); }
  /** Runs the job until the machine starts again, stays or loses its power, and says which. */
  async run(env: Record<string, string> = {}): Promise<string> {
    rmSync(join(this.root, "ended"), { force: true });
    const child = spawn("dash", [join(client, "run")], { detached: true, stdio: ["ignore", "pipe", "pipe"], env: { PATH: inside, NETBOOT_ROOT: this.root, NETBOOT_STALL: "1", ...env } });
    this.output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => { this.output += data; });
    const timer = setTimeout(() => { try { process.kill(-child.pid!, "SIGKILL"); } catch { /* is gone */ } }, 30_000);
    await new Promise((done) => child.on("close", done));
    clearTimeout(timer);
    return existsSync(join(this.root, "ended")) ? readFileSync(join(this.root, "ended"), "utf8").trim() : "nothing";
  }
  /** Calls functions of the scripts; what is wrong comes as `failed: …`. */
  call(script: string, job: Job = {}): string {
    const set = Object.entries(job).map(([key, value]) => `job_${key}='${value}'\n`).join("");
    const files = ["lib", "order", "job", "disk", "stamp", "system"].map((file) => `. '${client}/${file}'\n`).join("");
    return spawnSync("dash", ["-uc", `${files}fail() { echo "failed: $1"; exit; }\nmkdir -p "$W"; NONCE=${NONCE} MACHINE=${MACHINE}\n${set}${script}`], { encoding: "utf8", env: { PATH: inside, NETBOOT_ROOT: this.root } }).stdout.trim();
  }
  disk(name = "sda"): Buffer { return readFileSync(join(this.root, "dev", name)); }
  /** Turns over the bits of a byte. */
  damage(at: number, name = "sda") {
    const file = openSync(join(this.root, "dev", name), "r+"), byte = Buffer.alloc(1);
    readSync(file, byte, 0, 1, at);
    byte[0]! ^= 0xff;
    writeSync(file, byte, 0, 1, at);
    closeSync(file);
  }
  release(name = "sda") { return spawnSync("dash", [join(client, "netboot-release"), join(this.root, "dev", name)], { encoding: "utf8", env: { PATH: inside } }); }
  get reports() { return (this.master.put.get(`/reports/${MACHINE}/status`) ?? []).map((line) => JSON.parse(line) as Record<string, string | number>); }
  get done() { return this.master.put.get(`/claims/${NONCE}/done`)?.at(-1); }
  /** Words of the last failure. */
  get error() { return String(this.reports.at(-1)?.["error"] ?? ""); }
  remove() { rmSync(this.root, { recursive: true, force: true }); }
}

/** The job's text; a value of undefined leaves the line out. */
export function job(image: string, changes: Job = {}): Buffer {
  const all: Job = { "netboot-job": 1, nonce: NONCE, site: SITE, machine: MACHINE, generation: 3, do: "clone", image, disk: "only", overwrite: "no", verify: "full", expand: "none", then: "reboot", failure: "wait", transport: "unicast", end: "end", ...changes };
  const end = all["end"];
  delete all["end"];
  return Buffer.from(Object.entries({ ...all, end }).filter(([, value]) => value !== undefined).map(([key, value]) => `${key} ${value}\n`).join(""));
}

export interface Setting { machine: Machine; master: Master; }

/** A master with an order, and the machine that it is for; both are gone when the test is. */
export async function setting(t: TestContext, served: Served, disks: Disk[], { job: changes = {}, uefi = false }: { job?: Job; uefi?: boolean } = {}): Promise<Setting> {
  const master = await startMaster();
  for (const [name, data] of served.files) master.files.set(name, data);
  master.files.set(`/orders/${MACHINE}/job`, job(served.digest, changes));
  master.files.set(`/claims/${NONCE}/open`, Buffer.alloc(0));
  const machine = new Machine(master, disks, uefi);
  t.after(async () => { await master.close(); machine.remove(); });
  return { master, machine };
}

/** A stamp, twice, as a disk has it at byte 1,040,384. */
export function stamp(values: { site?: string; machine?: string; generation?: number; nonce?: string; image?: string; state?: string } = {}): Buffer {
  const { site = SITE, machine = MACHINE, generation = 3, nonce = NONCE, image = "a".repeat(64), state = "done" } = values;
  const text = `netboot-stamp 1\nsite ${site}\nmachine ${machine}\ngeneration ${generation}\nnonce ${nonce}\nimage ${image}\nstate ${state}\n`;
  const sum = spawnSync("cksum", { input: text, encoding: "utf8" }).stdout.split(" ")[0];
  const slot = Buffer.alloc(4096);
  slot.write(`${text}sum ${sum}\n`);
  return Buffer.concat([slot, slot]);
}

/** What a disk of the image's size has on it in the end. */
export function stamped(image: Buffer): Buffer {
  const all = Buffer.from(image);
  stamp({ image: sha256(image) }).copy(all, 254 * 4096);
  return all;
}
