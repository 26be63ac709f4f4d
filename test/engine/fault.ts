import assert from "node:assert/strict";
import { readdirSync, readFileSync, existsSync, readlinkSync } from "node:fs";
import { createEngine } from "../../provider/dist/engine/index.js";
import type { Cut, FastHost } from "./fastHost.ts";
import type { Life } from "./matrix.ts";
import { gone, site } from "./site.ts";

/** What comes after which, as Pulumi does it: a master, its volumes, all else; a destroy the other way round. */
const RANKS = ["MasterServer", "Volume", ""];
const rank = ({ label }: { label: string }) => RANKS.findIndex((type) => label.startsWith(type));

/** One run of a program. Errors are the run's outcome, not the test's. */
export async function run(host: FastHost, ops: any[], cut?: Cut): Promise<{ errors: unknown[]; counts: any }> {
  const engine = createEngine(host.connect(cut), { watch: 0, patience: 20 });
  const errors: unknown[] = [];
  const go = (some: any[]) => Promise.all(some.map((op) => engine.reconcile(op).catch((error: unknown) => void errors.push(error))));
  const waves = RANKS.map((_, n) => ops.filter((op) => rank(op) === n));
  for (const wave of ops.every((op) => op.want) ? waves : waves.reverse()) {
    if (errors.length > 0) break; // as Pulumi: what depends on a failure is not tried
    await go(wave);
  }
  return { errors, counts: engine.counts };
}

/** Three moments in the life of a site. */
export const lives: Record<string, Life> = {
  "first up": { work: () => site("v1"), whole: (host) => assertWhole(host, ["v1"]), holds: (host) => assertServed(host, "v1") },
  update: { before: (host) => done(host, site("v1")), work: () => site("v2"), whole: (host) => assertWhole(host, ["v1", "v2"]), holds: (host) => assertServed(host, "v2") },
  destroy: { before: (host) => done(host, site("v2")), work: () => site("v2").map(gone), whole: (host) => assertWhole(host, ["v2"]), ends: true },
};

/** A run without a fault. */
export const done = async (host: FastHost, ops: any[]): Promise<void> => assert.deepEqual((await run(host, ops)).errors, []);

/** Whatever happened: no file of ours is anything but whole and of one of the versions, and the set in service is whole old or whole new. */
function assertWhole(host: FastHost, versions: string[]): void {
  const expected = new Map<string, Set<string>>();
  for (const version of versions)
    for (const op of site(version))
      for (const [path, spec] of Object.entries(op.want.files ?? {})) expected.set(path, (expected.get(path) ?? new Set()).add(spec as string));
  for (const [path, texts] of expected) {
    const at = host.path(path.replace("/etc/netboot/live", live(host) ?? "/none"));
    if (existsSync(at)) assert.ok(texts.has(readFileSync(at, "utf8")), `${path} is torn: ${JSON.stringify(readFileSync(at, "utf8"))}`);
  }
  const set = live(host);
  if (set) {
    const version = (name: string) => (existsSync(host.path(`${set}/${name}`)) ? readFileSync(host.path(`${set}/${name}`), "utf8") : undefined);
    assert.equal(version("dnsmasq.conf"), version("nginx.conf"), "half a set is in service");
    assert.notEqual(version("dnsmasq.conf"), undefined, "a set without its main file is in service");
  }
  for (const name of existsSync(host.path("/srv/netboot/http/blob")) ? readdirSync(host.path("/srv/netboot/http/blob")) : []) {
    const at = host.path(`/srv/netboot/http/blob/${name}/vmlinuz`);
    if (existsSync(at)) assert.match(readFileSync(at, "utf8"), /^kernel v\d$/, "a blob is torn");
  }
}

/** What runs has parsed what is there: no restart and no reload was lost. */
function assertServed(host: FastHost, version: string): void {
  for (const unit of ["netboot-dhcp.service", "netboot-http.service"]) {
    const ran = (name: string) => readFileSync(host.path(`/stub/ran/${unit}/${name}`), "utf8");
    assert.equal(ran("nginx.conf"), `# ${version}\n`, `${unit} runs with an old set`);
    assert.ok(ran("unit").includes(` ${version}\n`), `${unit} runs with an old unit file`);
    assert.match(readFileSync(host.path(`/stub/unit/${unit}`), "utf8"), /enabled=enabled\nactive=active/);
  }
  const ran = readFileSync(host.path("/stub/ran/netboot-dhcp.service/dnsmasq.d/lan.conf"), "utf8");
  assert.equal(ran, `# ${version}\n`, "the pool is not served");
  const hosts = readdirSync(host.path("/stub/ran/netboot-dhcp.service/hosts")).filter((name) => !name.startsWith("."));
  assert.equal(hosts.length, 10, "machines are not served");
  for (const name of hosts) assert.ok(readFileSync(host.path(`/stub/ran/netboot-dhcp.service/hosts/${name}`), "utf8").includes(version), "a machine is served as it was");
}

/** Nothing temporary is left where a run came to its end. */
export function assertTidy(host: FastHost): void {
  const left = Object.keys(host.snapshot()).filter((path) => /netboot-stage|\/work\/|policy-rc|\.live\.new|\.part$|incoming\/./.test(path));
  assert.deepEqual(left, [], "something temporary is left");
  const gens = existsSync(host.path("/etc/netboot")) ? readdirSync(host.path("/etc/netboot")).filter((name) => name.startsWith("gen.")) : [];
  assert.ok(gens.length <= 1, `generations are left: ${gens}`);
}

function live(host: FastHost): string | undefined {
  try {
    return `/etc/netboot/${readlinkSync(host.path("/etc/netboot/live"))}`;
  } catch {
    return undefined;
  }
}
