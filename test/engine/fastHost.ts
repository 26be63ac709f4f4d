import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

/**
 * A host without a machine: the real scripts, run by the real `sh` and the real tools, in a root of their own (a mount namespace with this machine's /usr).
 * Only what would change this machine is a stub: service manager, packages, journal. Stubs write down what they are told in `journal`.
 */
export interface FastHost {
  readonly root: string;
  /** A connection as the engine wants it. `cut` says at which message it breaks, and whether before or after the host heard it. */
  connect(cut?: Cut): () => Promise<any>;
  /** Runs a command in the root, for what a person would do there. */
  shell(script: string, env?: Record<string, string>): Promise<{ stdout: string; stderr: string; code: number }>;
  path(inside: string): string;
  /** What runs a command in the root when put before it, in the folder `root`. */
  enter: string[];
  journal(): string[];
  /** Every file and link below the places that we may touch, with its content. */
  snapshot(): Record<string, string>;
  trips: number;
  /** Kill the script at the n-th tool that it starts; counts upwards for the next test to know how many there are. */
  killAt: number;
  tools(): number;
  /** Another host that is as this one is now. */
  copy(): FastHost;
  remove(): void;
}

export interface Cut {
  at: number;
  when: "before" | "after";
}

const here = dirname(fileURLToPath(import.meta.url));
const MINE = ["etc", "srv", "var", "tmp", "run", "stub"];
/** Tools whose start is a point at which a script can be killed. */
const TOOLS = ["mv", "cp", "rm", "ln", "mkdir", "rmdir", "chmod", "touch", "cat", "find", "xargs", "sort", "sync", "stat", "sed", "awk", "tr", "cut", "readlink", "sha256sum", "flock", "date"];

/** Memory, not disk: a fast host proves order and atomicity, not the disk's speed. */
const newRoot = (): string => {
  const root = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "fast-host-"));
  roots.add(root);
  return root;
};
const roots = new Set<string>();
// A test that fails leaves nothing either.
process.on("exit", () => roots.forEach((root) => rmSync(root, { recursive: true, force: true })));

export function fastHost(): FastHost {
  const root = newRoot();
  for (const dir of [...MINE, "usr", "proc", "dev", "etc/systemd/system", "var/lib", "var/lib/apt/lists", "stub/bin", "stub/sbin", "stub/trap", "stub/repo", "stub/dpkg", "stub/fail", "stub/daemon"])
    mkdirSync(join(root, dir), { recursive: true });
  for (const dir of ["bin", "sbin", "lib", "lib64"]) if (existsSync(`/${dir}`)) symlinkSync(`usr/${dir}`, join(root, dir));
  mkdirSync(join(root, "etc/alternatives"));
  symlinkSync("/usr/bin/mawk", join(root, "etc/alternatives/awk"));
  cpSync(join(here, "stubs"), join(root, "stub/bin"), { recursive: true });
  writeFileSync(join(root, "etc/os-release"), 'ID=debian\nVERSION_ID="12"\n');
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
  for (const [name, needs] of Object.entries({ dnsmasq: "dnsmasq-base", "dnsmasq-base": "", "nginx-light": "nginx-common", "nginx-common": "", ipxe: "" })) writeFileSync(join(root, "stub/repo", name), needs);
  for (const name of ["dnsmasq", "nginx-light"]) writeFileSync(join(root, "stub/daemon", name), "");
  const trap = `#!/bin/sh
echo >>/stub/tools; n=0; while read -r _; do n=$((n + 1)); done </stub/tools
[ $n -lt "$KILL_AT" ] || { kill -9 -"$GROUP"; kill -9 $; }
[ ! -x "/stub/bin/\${0##*/}" ] || exec "/stub/bin/\${0##*/}" "$@"
exec /usr/bin/"\${0##*/}" "$@"
`;
  for (const tool of TOOLS) writeFileSync(join(root, "stub/trap", tool), trap, { mode: 0o755 });
  writeFileSync(join(root, "stub/tools"), "");

  return hostIn(root);
}

/** What a pool of theirs has in all. */
const ROOM = 2 ** 30;

/** Gives a host devices of its own, and what manages them: LVM and ZFS of files, and the kernel's directory of iSCSI targets. */
export function withDevices(host: FastHost): FastHost {
  for (const dir of ["stub/dev/vg0", "stub/dev/zvol/tank/netboot", "stub/lvm/vg0", "stub/zfs/tank/netboot", "sys/kernel/config"]) mkdirSync(host.path(dir), { recursive: true });
  for (const node of ["null", "zero", "urandom"]) writeFileSync(host.path(`stub/dev/${node}`), "");
  writeFileSync(host.path("stub/lvm/vg0/netboot"), `12.00 3.00 ${ROOM}\n`);
  writeFileSync(host.path("stub/zfs/tank/netboot/.here"), "");
  writeFileSync(host.path("stub/zfs/capacity"), "12%\n");
  writeFileSync(host.path("stub/zfs/room"), `${ROOM / 4}\n${(ROOM / 4) * 3}\n`);
  cpSync(join(here, "devices"), host.path("stub/bin"), { recursive: true, verbatimSymlinks: true });
  const trap = readFileSync(host.path("stub/trap/mv"), "utf8");
  for (const tool of ["lvcreate", "lvs", "lvremove", "lvextend", "lvchange", "zfs"]) writeFileSync(host.path(`stub/trap/${tool}`), trap, { mode: 0o755 });
  return host;
}

function hostIn(root: string): FastHost {
  const mounts = `
mount --rbind /usr usr && mount --bind stub/sbin usr/sbin && mount --rbind /proc proc || exit 97
if [ -d stub/dev ]; then mount --bind stub/dev dev && for node in null zero urandom; do mount --bind /dev/$node dev/$node || exit 97; done; else mount --rbind /dev dev; fi || exit 97
GROUP=$$; export GROUP
exec chroot . "$@"`;
  const enter = ["unshare", ...(process.getuid?.() === 0 ? [] : ["-r"]), "-m", "sh", "-c", mounts, "sh"];
  const run = (script: string | Readable, { env = {}, command }: { env?: Record<string, string>; command?: string } = {}) =>
    new Promise<{ stdout: string; stderr: string; code: number }>((done) => {
      const path = host.killAt > 0 || env.COUNT ? "/stub/trap:/stub/bin:/usr/bin" : "/stub/bin:/usr/bin";
      const [file, ...rest] = [...enter, "/bin/sh", ...(command === undefined ? ["-s"] : ["-c", command])];
      const child = spawn(file!, rest, {
        cwd: root,
        detached: true, // a group of its own, to be killed whole
        env: { PATH: process.env.PATH, HOME: "/", ...env, KILL_AT: String(host.killAt), PATH_INSIDE: path },
        stdio: "pipe",
      });
      const out: Buffer[] = [];
      const err: Buffer[] = [];
      child.stdout.on("data", (chunk) => out.push(chunk));
      child.stderr.on("data", (chunk) => err.push(chunk));
      child.stdin.on("error", () => undefined);
      child.on("error", (error) => done({ stdout: "", stderr: String(error), code: 255 }));
      child.on("close", (code) => done({ stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString(), code: code ?? 255 }));
      const prefix = command === undefined ? `PATH=${path}\n` : "";
      if (typeof script === "string") child.stdin.end(prefix + script);
      else script.on("error", () => child.stdin.end()).pipe(child.stdin);
    });

  const host: FastHost = {
    root,
    trips: 0,
    killAt: 0,
    path: (inside) => join(root, inside),
    enter,
    shell: (script, env) => run(script, { env }),
    journal: () => (existsSync(join(root, "stub/journal")) ? readFileSync(join(root, "stub/journal"), "utf8").trimEnd().split("\n") : []),
    tools: () => readFileSync(join(root, "stub/tools"), "utf8").length,
    snapshot: () => snapshotOf(root),
    copy() {
      const other = newRoot();
      execFileSync("cp", ["-a", `${root}/.`, other]);
      return hostIn(other);
    },
    remove() {
      rmSync(root, { recursive: true, force: true });
      roots.delete(root);
    },
    connect(cut) {
      let messages = 0;
      const counts = { connections: 1, trips: 0, bytesOut: 0, bytesIn: 0 };
      const exchange = async (what: () => Promise<{ stdout: string; stderr: string; code: number }>) => {
        const at = ++messages;
        counts.trips++;
        host.trips++;
        if (cut && at >= cut.at && (at > cut.at || cut.when === "before")) throw Object.assign(new Error("connection lost"), { name: "ConnectionLost" });
        const output = await what();
        if (cut && at === cut.at) throw Object.assign(new Error("connection lost"), { name: "ConnectionLost" });
        return output;
      };
      return async () => ({
        host: "fast",
        counts,
        run: (script: string, options: { onProgress?: (line: string) => void }) =>
          exchange(async () => {
            counts.bytesOut += script.length;
            const output = await run(script);
            output.stderr.split("\n").filter(Boolean).forEach((line) => options.onProgress?.(line));
            return output;
          }),
        // As the real one: the body is destroyed in every case, and its failure is told from the connection's.
        send: (command: string, body: Readable) => {
          let failed: Error | undefined;
          body.on("error", (cause) => (failed = Object.assign(new Error(`the content could not be read: ${cause.message}`, { cause }), { name: "BodyFailed" })));
          return exchange(() => run(body, { command })).finally(() => {
            body.destroy();
            if (failed) throw failed;
          });
        },
        close: async () => undefined,
      });
    },
  };
  return host;
}

function snapshotOf(root: string): Record<string, string> {
  const found: Record<string, string> = {};
  const walk = (dir: string) => {
    for (const item of readdirSync(join(root, dir), { withFileTypes: true })) {
      const path = `${dir}/${item.name}`;
      if (item.isDirectory()) {
        found[`${path}/`] = "";
        walk(path);
      } else if (item.isFile()) found[path] = readFileSync(join(root, path), "utf8");
      else found[path] = item.isSymbolicLink() ? "link" : "other";
    }
  };
  for (const dir of ["/etc", "/srv", "/var/lib", "/tmp", "/run", "/stub/dpkg", "/stub/unit", "/stub/sbin"]) if (existsSync(join(root, dir))) walk(dir);
  return found;
}
