import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { after, test } from "node:test";
import { createEngine } from "../../provider/dist/engine/index.js";
import { fastHost, type FastHost } from "./fastHost.ts";
import { blobOf, gone, urn } from "./site.ts";

const hosts: FastHost[] = [];
after(() => hosts.forEach((host) => host.remove()));
function newHost(): FastHost {
  const host = fastHost();
  hosts.push(host);
  return host;
}
const engineOn = (host: FastHost, cut?: any) => createEngine(host.connect(cut), { watch: 0, patience: 20, who: "a test" });
const outcome = (work: Promise<any>): Promise<any> => work.then((result) => ({ result }), (error) => ({ error }));

const recipe = "3a".repeat(32);
const PLACE = `/srv/netboot/http/imaging/${recipe}`;
const op = (script: string, more: object = {}, spec: object = {}): any => ({
  owner: urn("Thing", "a"),
  label: 'Thing "a"',
  want: { artifacts: { [PLACE]: { recipe, ...spec } } },
  builds: { [PLACE]: { script } },
  ...more,
});
const ours = (host: FastHost) => Object.keys(host.snapshot()).filter((path) => /^\/(srv|var\/lib)\/./.test(path) && !/\/apt\/|netboot\/(created|installed)$/.test(path));

test("an artifact is built once, shared, whole or not there, and goes with its last owner", async () => {
  const host = newHost();
  const engine = engineOn(host);
  const said: string[] = [];
  const script = 'echo "half way" >&4; mkdir deep; echo built >"$OUT/deep/file"; pwd >where; echo x >>/tmp/count';
  const one = op(script, { status: (text: string) => said.push(text) });
  const two = { ...one, owner: urn("Thing", "b"), label: 'Thing "b"' };
  await Promise.all([engine.reconcile(one), engine.reconcile(two)]);
  assert.equal(host.snapshot()[`${PLACE}/deep/file`], "built\n");
  assert.equal(host.snapshot()[`${PLACE}/where`], `/srv/netboot/http/imaging/.netboot-stage/artifacts/${recipe}\n`);
  assert.deepEqual([...new Set(said.filter((line) => /building|half/.test(line)))], [`building ${PLACE}`, "half way"]);
  const later = engineOn(host);
  await later.reconcile(one);
  assert.equal(later.counts.commits, 0);
  assert.equal(host.snapshot()["/tmp/count"], "x\n");
  assert.deepEqual((await later.observe(one)).state, one.want);
  await later.reconcile(gone(one));
  assert.ok(host.snapshot()[`${PLACE}/where`]);
  await later.reconcile(gone(two));
  assert.deepEqual(ours(host), []);
});

test("nobody but root reads what is built with while it is, nor what is built if its script says so", async () => {
  const host = newHost();
  await engineOn(host).reconcile(op("umask 077; echo the-secret >seed; stat -c %a /var/lib/netboot/work >/tmp/mode"));
  assert.equal(host.snapshot()["/tmp/mode"], "700\n");
  assert.equal(statSync(host.path(`${PLACE}/seed`)).mode & 0o777, 0o600);
});

test("a build that fails says its last words and whose it is; others go on, and nothing of it is there", async () => {
  const host = newHost();
  const engine = engineOn(host);
  const other: any = { owner: urn("Thing", "b"), label: "b", want: { files: { "/srv/b": "1" } } };
  const [a, b] = await Promise.all([op("echo first; echo x >file; echo 'no such kernel' >&2; exit 3"), other].map((one) => outcome(engine.reconcile(one))));
  assert.match(a.error.message, /Thing "a" on fast: building \/srv\/netboot\/http\/imaging\/3a\w+ failed, and nothing of it was put in place\.\n  first\n  no such kernel\n  exit status 3\n/);
  assert.ok(b.result, String(b.error));
  assert.deepEqual(ours(host).filter((path) => /imaging\/./.test(path)), []);
});

test("another version of a package, a touch, a lost file: built anew; the old one stays until the new one is whole", async () => {
  const host = newHost();
  await host.shell("echo >/stub/repo/tool; echo 1.0 >/stub/dpkg/tool");
  const engine = engineOn(host);
  const one = op("dpkg-query -W tool >version", {}, { packages: ["tool"] });
  one.want.packages = { tool: {} };
  await engine.reconcile(one);
  assert.match(host.snapshot()[`${PLACE}/.recipe`]!, new RegExp(`^recipe ${recipe}\nwhole \\w{64}\npackage tool 1.0\n$`));
  for (const [change, why] of [
    ["echo 2.0 >/stub/dpkg/tool", "built with another version: tool 1.0 → 2.0"],
    [`echo >>${PLACE}/version`, "changed since it was built"],
    [`: >${PLACE}/version`, "changed since it was built"],
    [`rm ${PLACE}/version`, "changed since it was built"],
    [`rm ${PLACE}/.recipe`, "incomplete: it has no stamp"],
    [`rm -r ${PLACE}; echo >${PLACE}`, "not a directory"],
  ] as const) {
    await host.shell(change);
    const next = engineOn(host);
    const seen = (await next.observe(one)).state.artifacts![PLACE];
    assert.notDeepEqual(seen, one.want.artifacts[PLACE], change);
    const broken = await outcome(engineOn(host).reconcile({ ...one, builds: { [PLACE]: { script: "exit 1" } } }));
    assert.match(broken.error.message, /failed/);
    assert.ok(Object.keys(host.snapshot()).some((path) => path.startsWith(PLACE)), "a failed build took the old one away");
    assert.deepEqual((await next.reconcile(one)).changed.map((change) => change.why), [why]);
    assert.equal((await engineOn(host).reconcile(one)).changed.length, 0);
  }
});

test("killed at any tool in the middle of a build: nothing is in place, and what the script made elsewhere goes", async () => {
  const script = `printf 'rm -rf /srv/elsewhere' >.remove; mkdir -p /srv/elsewhere; touch /srv/elsewhere/x; cat /etc/passwd >copy; sync; mv copy file`;
  const template = newHost();
  await engineOn(template).reconcile({ owner: urn("Thing", "b"), label: "b", want: { files: { "/srv/b": "1" } } } as any);
  const before = ours(template);
  const probe = template.copy();
  hosts.push(probe);
  probe.killAt = 1e9;
  await engineOn(probe).reconcile(op(script));
  for (let at = 3; at <= probe.tools(); at += 9) {
    const host = template.copy();
    host.killAt = at;
    await outcome(engineOn(host, { at: 3, when: "before" }).reconcile(op(script)));
    host.killAt = 0;
    const there = host.snapshot();
    if (there[`${PLACE}/.recipe`] === undefined) assert.deepEqual(Object.keys(there).filter((path) => path.startsWith(PLACE)), [], `killed at tool ${at}: a part is in place`);
    assert.ok((await outcome(engineOn(host).reconcile(gone(op(script))))).result, `killed at tool ${at}`);
    assert.deepEqual(ours(host), before, `killed at tool ${at}: something is left`);
    host.remove();
  }
});

test("what is uploaded for a build is there for it, once, and gone after it", async () => {
  const host = newHost();
  const engine = engineOn(host);
  const blob = blobOf("raw material");
  const one = op("");
  one.builds = { [PLACE]: { script: `cat "$IN/${blob.sha256}" >made`, uploads: [blob.spec] } };
  one.sources = { [blob.sha256]: blob.file };
  await engine.reconcile(one);
  assert.equal(host.snapshot()[`${PLACE}/made`], "raw material");
  assert.equal(engine.counts.uploads, 1);
  assert.deepEqual(ours(host).filter((path) => /incoming\/./.test(path)), []);
});

test("retained, an artifact is nobody's, and the next owner's without being built", async () => {
  const host = newHost();
  await engineOn(host).reconcile(op("echo 1 >file"));
  await engineOn(host).reconcile({ ...gone(op("")), retain: true });
  assert.equal(host.snapshot()[`${PLACE}/file`], "1\n");
  const next = engineOn(host);
  await next.reconcile(op("echo 2 >file"));
  assert.equal(host.snapshot()[`${PLACE}/file`], "1\n");
});

test("a long script and a connection that is lost do no harm", async () => {
  const host = newHost();
  const engine = createEngine(async () => {
    const transport = await host.connect()();
    let lost = false;
    return {
      ...transport,
      run: async (script: string, options: any) => {
        const output = await transport.run(script, options);
        if (options.step === "apply" && !lost) {
          lost = true;
          throw Object.assign(new Error("cut"), { name: "ConnectionLost" });
        }
        return output;
      },
    };
  }, { watch: 0 });
  const result = await outcome(engine.reconcile(op(`: '${"x".repeat(300_000)}'; echo 1 >file; echo x >>/tmp/count`)));
  assert.ok(result.result, String(result.error));
  assert.equal(host.snapshot()["/tmp/count"], "x\n");
});
