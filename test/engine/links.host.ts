// Symbolic links on the way to what is ours: an administrator's above it, and anybody's in it.
import assert from "node:assert/strict";
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { sha256 } from "../../provider/dist/engine/record.js";
import { fileInput } from "../../sdk/dist/localFile.js";
import { bare, engineOn, file, kept, mastered, outcome } from "./mastered.ts";
import { gone, machine, site, urn } from "./site.ts";

process.env.XDG_CACHE_HOME = "/nonexistent";

const dirs = (owner: string, directories: object): any => ({ owner: urn("Thing", owner), label: `Thing "${owner}"`, want: { directories } });

test("a root that an administrator has on another disk is used through its link, and left there", async () => {
  const host = kept(bare.copy());
  await host.shell("mkdir -p /var/data/netboot && ln -s /var/data/netboot /srv/netboot");
  const before = host.snapshot();
  const engine = engineOn(host);
  const [master, ...others] = site("v1");
  await engine.reconcile(master);
  await Promise.all([...others, dirs("store", { "/srv/netboot": "0755" })].map((op) => engine.reconcile(op)));
  assert.ok(existsSync(host.path("/var/data/netboot/http/mac/52-54-00-00-00-05.ipxe")));
  assert.deepEqual((await engineOn(host).observe(master)).state, master.want);
  const again = engineOn(host);
  await Promise.all([master, ...others].map((op) => again.reconcile(op)));
  assert.equal(again.counts.commits, 0);
  await Promise.all([...others, dirs("store", {})].map((op) => again.reconcile(gone(op))));
  await again.reconcile(gone(master));
  assert.deepEqual(Object.keys(host.snapshot()).filter((path) => path.startsWith("/srv") || path.startsWith("/var/data")), Object.keys(before).filter((path) => path.startsWith("/srv") || path.startsWith("/var/data")));
});

test("a root that is moved to another disk later, with a link in its place, is one too", async () => {
  const host = await mastered();
  await host.shell("mkdir /var/data && mv /srv/netboot /var/data/ && ln -s /var/data/netboot /srv/netboot");
  const engine = engineOn(host);
  await engine.reconcile(machine("m1", 1, "v1"));
  assert.ok(existsSync(host.path("/var/data/netboot/http/mac/52-54-00-00-00-01.ipxe")));
  assert.deepEqual((await engine.reconcile(site("v1")[0])).changed, []);
});

test("a link in a directory of ours is followed by nobody: what is behind it stays as it is, and others go on", async () => {
  const host = await mastered();
  const engine = engineOn(host);
  await engine.reconcile(machine("m1", 1, "v1"));
  await host.shell("mkdir /etc/theirs && mv /srv/netboot/http/mac/* /etc/theirs && rmdir /srv/netboot/http/mac && ln -s /etc/theirs /srv/netboot/http/mac");
  const theirs = () => readdirSync(host.path("/etc/theirs")).map((name) => [name, readFileSync(host.path(`/etc/theirs/${name}`), "utf8")]);
  const before = theirs();
  for (const op of [machine("m2", 2, "v1"), machine("m1", 1, "v2"), gone(machine("m1", 1, "v1"))]) {
    const fresh = engineOn(host);
    const [bad, good] = await Promise.all([op, file("b", "/srv/netboot/http/beside", "1")].map((one) => outcome(fresh.reconcile(one))));
    assert.match(bad.error.message, /\/srv\/netboot\/http\/mac is a symbolic link in a directory of ours, and nothing behind it was touched\.\n  it leads to \/etc\/theirs\n/);
    assert.ok(good.result, String(good.error));
    assert.deepEqual(theirs(), before);
  }
});

test("a whole group behind one link is told so at once, those who go too, and others are not tried one by one", async () => {
  const host = await mastered();
  await engineOn(host).reconcile(machine("m0", 0, "v1"));
  await host.shell("mv /srv/netboot/http /etc/theirs && ln -s /etc/theirs /srv/netboot/http");
  const machines = [gone(machine("m0", 0, "v1")), ...Array.from({ length: 31 }, (_, i) => machine(`m${i + 1}`, i + 1, "v1"))];
  for (const [ops, commits] of [[machines, 1], [[...machines, file("b", "/srv/netboot/beside", "1"), file("c", "/srv/netboot/http-c", "1")], 3]] as const) {
    const engine = engineOn(host);
    const [bad, good] = [[], []] as any[][];
    for (const { error } of await Promise.all(ops.map((op) => outcome(engine.reconcile(op))))) (error ? bad! : good!).push(error);
    assert.deepEqual([bad!.length, good!.length, engine.counts.commits], [32, ops.length - 32, commits]);
    for (const error of bad!) assert.match(error.message, /\/srv\/netboot\/http is a symbolic link in a directory of ours/);
  }
});

test("a directory of ours that is a link by now, and one that is nobody's, are not written into", async () => {
  const host = await mastered();
  await engineOn(host).reconcile(dirs("a", { "/srv/netboot/http/a": "0755" }));
  await host.shell("rmdir /srv/netboot/http/a; mkdir -m 0700 /etc/theirs; ln -s /etc/theirs /srv/netboot/http/a; ln -s /nowhere /srv/loose");
  assert.match((await outcome(engineOn(host).reconcile(dirs("a", { "/srv/netboot/http/a": "0755" })))).error.message, /\/srv\/netboot\/http\/a is a symbolic link in a directory of ours/);
  assert.equal(statSync(host.path("/etc/theirs")).mode & 0o777, 0o700);
  const loose = await outcome(engineOn(host).reconcile(dirs("b", { "/srv/loose": "0755" })));
  assert.match(loose.error.message, /the directory \/srv\/loose is there, not ours, and not as wanted: not a directory \(l\)\.\nMove it away\./);
});

test("a link that the web server has put among its places goes, and nothing is made where it leads", async () => {
  const host = await mastered();
  const place: any = { owner: urn("Thing", "p"), label: 'Thing "p"', want: { places: { "/srv/netboot/discovered": 3 } } };
  await engineOn(host).reconcile(place);
  await host.shell("mkdir /etc/theirs && rm -r /srv/netboot/discovered/free && ln -s /etc/theirs /srv/netboot/discovered/free");
  await engineOn(host).reconcile(place);
  assert.deepEqual(readdirSync(host.path("/etc/theirs")), []);
  assert.deepEqual(readdirSync(host.path("/srv/netboot/discovered/free")).sort(), ["000", "001", "002"]);
});

test("a local file behind a link, as /boot has its kernels, is what it leads to: in the preview and on the master", async () => {
  const dir = mkdtempSync(join(tmpdir(), "netboot-link-"));
  try {
    for (const version of ["6.1", "6.12"]) writeFileSync(join(dir, `vmlinuz-${version}`), `kernel ${version}`);
    const link = join(dir, "vmlinuz");
    symlinkSync("vmlinuz-6.1", link);
    const first = await fileInput(link);
    assert.deepEqual([first.name, first.size, first.sha256], ["vmlinuz", 10, sha256("kernel 6.1")]);
    const host = await mastered();
    const path = "/srv/netboot/http/blob/vmlinuz";
    await engineOn(host).reconcile({ owner: urn("KernelImage", "k"), label: "k", want: { blobs: { [path]: { sha256: first.sha256!, size: first.size! } } }, sources: { [first.sha256!]: link } });
    assert.equal(readFileSync(host.path(path), "utf8"), "kernel 6.1");
    assert.ok(lstatSync(host.path(path)).isFile());
    rmSync(link);
    symlinkSync("vmlinuz-6.12", link);
    assert.equal((await fileInput(link)).sha256, sha256("kernel 6.12"));
    rmSync(link);
    symlinkSync("vmlinuz-7", link);
    assert.match((await fileInput(link)).problem!, /no such file/);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
