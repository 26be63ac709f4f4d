// What is asked of a master in service: units, HTTP, TFTP, and whether daemons can read what they serve.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { applying } from "../../provider/dist/engine/checks/ask.js";
import { asked, judged } from "./questions.ts";

const unit = "u.service";

test("units that do not run are named, with where they say why; what no up has put there is none of them", () => {
  const check = { check: "units", units: [unit, "new.service"] };
  const units = (...names: string[]) => ({ units: new Map(names.map((name) => [name, {}])) });
  assert.deepEqual([judged(check, `${unit}\tactive\nnew.service\tinactive\n`).ok, judged(check, `${unit}\tactive\nnew.service\tinactive\n`).what], [true, "u.service is running"]);
  const ill = judged(check, `${unit}\tfailed\nnew.service\tactivating\n`, units(unit, "new.service"));
  assert.deepEqual([ill.ok, ill.what], [false, "u.service is failed, new.service is activating"]);
  assert.equal(ill.mend, "See why: journalctl -u u.service; journalctl -u new.service. pulumi up --refresh starts what is not running.");
  assert.deepEqual(judged(check, "", units()).what, "nothing is in service here yet: the first up puts it there");
});

test("before the first up nothing is asked of what is answered and read", () => {
  const later: any[] = [{ check: "http", url: "http://10.0.0.2/boot.ipxe", unit }, { check: "tftp", address: "10.0.0.2", file: "x", unit }, { check: "readable", user: "www-data", paths: ["/srv"], unit }];
  const now: any[] = [{ check: "clock" }, { check: "units", units: [unit] }];
  assert.deepEqual(applying([...later, ...now], { units: new Map() } as any), now);
  assert.deepEqual(applying([...later, ...now], { units: new Map([[unit, {}]]) } as any), [...later, ...now]);
});

test("over HTTP: our script, an error, another server, silence, and nobody", async (t) => {
  const answers: Record<string, (response: any) => void> = {
    "/boot.ipxe": (response) => response.end("#!ipxe\nshell\n"),
    "/forbidden": (response) => response.writeHead(403).end("no"),
    "/other": (response) => response.end("<html>It works!</html>"),
    "/silent": () => undefined,
  };
  const server = createServer((request, response) => answers[request.url!]!(response)).listen(0, "127.0.0.1");
  t.after(() => (server.closeAllConnections(), server.close()));
  await new Promise((listening) => server.once("listening", listening));
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const found = await asked([...Object.keys(answers).map((path) => at + path), "http://127.0.0.1:1/boot.ipxe"].map((url) => ({ check: "http", url, unit })));
  assert.deepEqual(found.map(({ ok, what }) => [ok, what]), [
    [true, `${at}/boot.ipxe is answered`],
    [false, `${at}/forbidden is answered with 403 Forbidden`],
    [false, `${at}/other is answered with something else than our script`],
    [false, `${at}/silent is not answered (nothing within 5 seconds)`],
    [false, "http://127.0.0.1:1/boot.ipxe is not answered (connect: Connection refused)"],
  ]);
  for (const { mend } of found.slice(1)) assert.ok(mend);
});

/** Sends a file of 1,124 bytes, an empty one, or that there is none, from another port than it was asked at. */
const TFTP = `ip link set lo up; perl -e '
use Socket; socket(S, AF_INET, SOCK_DGRAM, 0); bind(S, sockaddr_in(69, inet_aton("127.0.0.1"))) or die;
while (my $from = recv(S, my $q, 1500, 0)) {
  my ($file) = unpack("x2 Z*", $q); socket(D, AF_INET, SOCK_DGRAM, 0);
  if ($file eq "gone") { send(D, pack("n n", 5, 1) . "file /srv/gone not found\\0", 0, $from); next }
  my @blocks = $file eq "empty" ? ("") : ("a" x 512, "b" x 512, "c" x 100);
  for my $i (1 .. @blocks) { send(D, pack("n n", 3, $i) . $blocks[$i - 1], 0, $from); recv(D, my $ack, 100, 0); exit 1 if $ack ne pack("n n", 4, $i) }
}' 2>/dev/null & sleep 0.3`;

test("over TFTP: a whole file, an empty one, none, and nobody", async () => {
  const found = await asked([["127.0.0.1", "undionly.kpxe"], ["127.0.0.1", "empty"], ["127.0.0.1", "gone"], ["127.0.0.2", "undionly.kpxe"]].map(([address, file]) => ({ check: "tftp", address, file, unit })), TFTP);
  assert.deepEqual(found.map(({ ok, what }) => [ok, what]), [
    [true, "tftp://127.0.0.1/undionly.kpxe is handed out, 1124 bytes"],
    [false, "tftp://127.0.0.1/empty is empty"],
    [false, "tftp://127.0.0.1/gone is refused: file /srv/gone not found"],
    [false, "tftp://127.0.0.2/undionly.kpxe is not answered (nothing for 6 seconds)"],
  ]);
  for (const { mend } of found.slice(1)) assert.ok(mend);
});

/** Only root can become another. */
const asRoot = { skip: process.getuid?.() !== 0 && "needs root" };

/** A folder of the web server's, with a script and a kernel in it. */
function served(t: TestContext): { root: string; path(name: string): string; look(...paths: string[]): Promise<any> } {
  const root = mkdtempSync(join(tmpdir(), "netboot-served-"));
  t.after(() => rmSync(root, { recursive: true }));
  const path = (name: string) => join(root, name);
  chmodSync(root, 0o755);
  for (const folder of ["http", "http/mac", "http/blob"]) mkdirSync(path(folder));
  for (const file of ["http/mac/a b.ipxe", "http/blob/vmlinuz"]) writeFileSync(path(file), "x");
  return { root, path, look: async (...paths) => (await asked([{ check: "readable", user: "nobody", paths: paths.length ? paths : [path("http"), path("none")], unit }]))[0] };
}

test("what is served can be read: by its rights, by its group, through links; what is being staged need not be", asRoot, async (t) => {
  const { root, path, look } = served(t);
  writeFileSync(path("http/secret"), "x", { mode: 0o640 });
  chownSync(path("http/secret"), 0, 65534);
  mkdirSync(path("http/mac/.netboot-stage"), { mode: 0o700 });
  symlinkSync("/nowhere/ipxe-arm64.efi", path("http/loader.efi"));
  const { ok, hint, what } = await look();
  assert.deepEqual([ok, hint, what], [true, undefined, `nobody can read what is served (${root}/http, ${root}/none)`]);
});

test("files and folders that a daemon's user cannot read are named, with what mends them", asRoot, async (t) => {
  const { root, path, look } = served(t);
  chmodSync(path("http/mac/a b.ipxe"), 0o600);
  chmodSync(path("http/blob"), 0o700);
  mkdirSync(path("package"), { mode: 0o755 });
  writeFileSync(path("package/loader"), "x", { mode: 0o600 });
  symlinkSync(path("package/loader"), path("http/loader"));
  const { ok, what, mend } = await look();
  assert.equal(ok, false);
  const named = what.replace("nobody cannot read ", "").split(/(?<=\)),? /).sort();
  assert.deepEqual(named, [`${root}/http/blob (mode 700, root:root)`, `${root}/http/loader (mode 600, root:root)`, `${root}/http/mac/a b.ipxe (mode 600, root:root)`]);
  const { status } = spawnSync("sh", ["-c", /by hand: (.*)/.exec(mend)![1]!]);
  assert.deepEqual([status, (await look()).ok], [0, true], "the mend mends it");
});

test("texts, some of which are secret, are left to an up", () => {
  const target = ["", "", "", "/srv/http/san/a.ipxe", "", "", "", "", "", ""].join("\t");
  const seen = new Map([["files\t/etc/passwords/a", "f"], ["targets\tiqn.2026-01.test:a", target], ["blobs\t/srv/k", "f"]]);
  const mend = (...paths: string[]) => judged({ check: "readable", user: "www-data", paths: ["/srv"] }, [...paths.map((path) => `what\t${path}\tmode 600, root:root`), "looked", ""].join("\n"), { seen }).mend;
  assert.equal(mend("/etc/passwords/a", "/srv/http/san/a.ipxe"), "pulumi up --refresh puts back our texts");
  assert.equal(mend("/srv/k", "/srv/it's"), "by hand: chmod a+rX /srv/k '/srv/it'\\''s'");
  assert.equal(mend("/srv/k", "/etc/passwords/a"), "pulumi up --refresh puts back our texts; by hand: chmod a+rX /srv/k");
});

test("what lies on another disk is named as we call it, and what is in the way there as it is called there", asRoot, async (t) => {
  const { root, path, look } = served(t);
  mkdirSync(path("disk"));
  renameSync(path("http"), path("disk/http"));
  symlinkSync(path("disk/http"), path("http"));
  chmodSync(path("disk/http/blob/vmlinuz"), 0o600);
  assert.equal((await look()).what, `nobody cannot read ${root}/http/blob/vmlinuz (mode 600, root:root)`);
  chmodSync(path("disk"), 0o700);
  assert.equal((await look()).what, `nobody cannot read ${root}/disk (mode 700, root:root), and so nothing below it`);
});

test("a folder on the way that lets nobody through is named alone", asRoot, async (t) => {
  const { root, look, path } = served(t);
  chmodSync(root, 0o700);
  assert.equal((await look()).what, `nobody cannot read ${root} (mode 700, root:root), and so nothing below it`);
  assert.equal((await look(path("http/mac"), path("http/blob"))).what.match(/nothing below it/g)!.length, 2);
  chmodSync(root, 0o755);
  for (let i = 0; i < 70; i++) writeFileSync(path(`http/mac/${i}`), "x", { mode: 0o600 });
  assert.match((await look()).what, / and many more$/);
});

test("a host without that user is a hint, and no fault", async () => {
  const [found] = await asked([{ check: "readable", user: "netboot-none", paths: ["/"], unit }]);
  assert.deepEqual([found!.ok, found!.hint], [true, true]);
});
