// Orders to read a disk: what becomes of the file that it is read into.
import assert from "node:assert/strict";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { createEngine } from "../../provider/dist/engine/index.js";
import { reportsIn, reportsScript } from "../../provider/dist/engine/reports.js";
import { fastHost, type FastHost } from "./fastHost.ts";
import { urn } from "./site.ts";

const hosts: FastHost[] = [];
const newHost = () => (hosts.push(fastHost()), hosts.at(-1)!);
after(() => hosts.forEach((host) => host.remove()));

const order = (machine: string, generation = 1) => ({ generation, known: 0, job: `netboot-job 1\nmachine ${machine}\ngeneration ${generation}\ndo capture\nname golden\ndisk only\nend end\n` });
const up = (host: FastHost, machine: string, generation?: number) =>
  createEngine(host.connect(), { watch: 0, patience: 20, who: "a test" }).reconcile({ owner: urn("Machine", machine), label: `Machine "${machine}"`, want: { reports: { [machine]: "" }, orders: { [machine]: order(machine, generation) } } } as any);
const file = (host: FastHost, name = "1.zst") => host.path(`/srv/netboot/captures/golden/${name}`);
const digest = "d".repeat(64);

/** What a machine does: the token, the image, its word. */
function deliver(host: FastHost, machine: string, { word = true } = {}) {
  const nonce = /^nonce (\w+)$/m.exec(readFileSync(host.path(`/srv/netboot/http/orders/${machine}/job`), "utf8"))![1]!;
  const claim = (name: string) => host.path(`/srv/netboot/claims/${nonce}/${name}`);
  renameSync(claim("open"), claim(`by-${"a".repeat(32)}`));
  writeFileSync(claim("image.zst"), "a disk", { mode: 0o600 });
  if (word) writeFileSync(claim("done"), `nonce ${nonce}\ngeneration 1\nimage ${digest}\nend end\n`);
}
const captured = async (host: FastHost) => {
  const asked = { desk: order("desk") };
  const { stdout } = await host.shell(reportsScript(asked));
  return (await reportsIn(stdout, asked))[0]!.captured;
};

test("an image is a link to nothing until it is whole, and a file of root's with its machine's word once that is known", async () => {
  const host = newHost();
  await up(host, "desk");
  assert.equal(statSync(host.path("/srv/netboot/reports/desk")).uid, 33);
  assert.ok(lstatSync(file(host)).isSymbolicLink());
  assert.equal(await captured(host), undefined);
  deliver(host, "desk");
  const whole = { name: "golden", path: "/srv/netboot/captures/golden/1.zst", sha256: digest, size: 6 };
  // A link leads to a place in the host's root.
  assert.deepEqual(await captured(host), whole);
  await up(host, "desk");
  assert.ok(lstatSync(file(host)).isFile() && lstatSync(file(host)).uid === 0);
  assert.equal(readFileSync(file(host), "utf8"), "a disk");
  assert.deepEqual(readdirSync(host.path("/srv/netboot/claims")), []);
  assert.deepEqual(await captured(host), whole);
});

test("a machine's word that is no digest is none, whatever stands in it; the image stays as it is", async () => {
  for (const word of ["", `image ${"D".repeat(64)}\n`, `image ${digest}\t999\n`, `image ${digest}x\n`, `image \x1b[31m${digest}\n`]) {
    const host = newHost();
    await up(host, "desk");
    deliver(host, "desk", { word: false });
    await host.shell(`for at in /srv/netboot/claims/*; do printf '%s' '${word}' >$at/done; done`);
    for (const _ of ["a link", "a file"]) {
      assert.equal(await captured(host), undefined, JSON.stringify(word));
      await up(host, "desk");
    }
    assert.equal(readFileSync(file(host), "utf8"), "a disk");
  }
});

test("what is there is not written over, and is named before anything is changed", async () => {
  const host = newHost();
  await up(host, "desk");
  deliver(host, "desk");
  await up(host, "desk");
  await assert.rejects(up(host, "seat"), /seat is to be read into \/srv\/netboot\/captures\/golden\/1\.zst, which is there already: say a higher generation, or another name/);
  assert.ok(!existsSync(host.path("/srv/netboot/http/orders/seat")));
  assert.equal(readFileSync(file(host), "utf8"), "a disk");
  await up(host, "seat", 2);
  assert.ok(lstatSync(file(host, "2.zst")).isSymbolicLink());
});

test("a link that stands for the image, which only the web server can have put there, is no image, and nothing is done to what it leads to", async () => {
  for (const name of ["image.zst", "done"]) {
    const host = newHost();
    await up(host, "desk");
    deliver(host, "desk");
    await host.shell(`echo theirs >/etc/theirs; chgrp 33 /etc/theirs; ln -sf /etc/theirs /srv/netboot/claims/*/${name}`);
    await up(host, "desk");
    assert.deepEqual(existsSync(file(host, "")) ? readdirSync(file(host, "")) : [], []);
    assert.equal(statSync(host.path("/etc/theirs")).gid, 33);
  }
});

test("an order that is taken back leaves no file, and one without its machine's word none either", async () => {
  for (const delivered of [false, true]) {
    const host = newHost();
    await up(host, "desk");
    if (delivered) deliver(host, "desk", { word: false });
    mkdirSync(host.path("/srv/netboot/claims/.incoming"), { recursive: true });
    await createEngine(host.connect(), { watch: 0 }).reconcile({ owner: urn("Machine", "desk"), label: "desk" } as any);
    assert.deepEqual(existsSync(file(host, "")) ? readdirSync(file(host, "")) : [], []);
    assert.ok(!existsSync(host.path("/srv/netboot/reports/desk")));
  }
});
