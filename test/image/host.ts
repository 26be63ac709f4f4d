// A host that takes disk images in: no machine, but the real scripts and the real tools.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { after, type TestContext } from "node:test";
import { imageInput } from "../../sdk/dist/imageFile.js";
import { createEngine } from "../../provider/dist/engine/index.js";
import { fastHost, type FastHost } from "../engine/fastHost.ts";
import { urn } from "../engine/site.ts";
import { judged } from "../resources/resource.ts";
import { resolved } from "../resources/cases.ts";

// What is not there cannot be tested, and must not look as if it had been.
for (const tool of ["zstd", "xz", "gzip", "xxhsum", "curl"]) execFileSync("which", [tool]);
process.env.XDG_CACHE_HOME = "/nonexistent";

const hosts: FastHost[] = [];
after(() => hosts.forEach((host) => host.remove()));
const template = fastHost();
hosts.push(template);
await template.shell("for name in zstd xz-utils xxhash curl; do touch /stub/dpkg/$name /stub/repo/$name; done");

export function newHost(): FastHost {
  const host = template.copy();
  hosts.push(host);
  return host;
}
export const engineOn = (host: FastHost, connect = host.connect()) => createEngine(connect, { watch: 0, patience: 20, who: "a test" });
export const outcome = (work: Promise<any>): Promise<any> => work.then((result) => ({ result }), (error) => ({ error }));

/** What the engine is asked for an image, once the preview has nothing against it. */
export async function op(name: string, source: any, more: object = {}): Promise<any> {
  const { failures, desired } = judged("DiskImage", { name, master: resolved("@master"), source: await imageInput(source), ...more } as any);
  assert.deepEqual(failures, []);
  const { state, builds, sources, checks } = desired!;
  return { owner: urn("DiskImage", name), label: `DiskImage "${name}"`, want: state, builds, sources, checks };
}
export const placeOf = (one: any): string => Object.keys(one.want.artifacts)[0]!;
export const indexOf = (host: FastHost, one: any): string[] => readFileSync(host.path(`${placeOf(one)}/index`), "utf8").trimEnd().split("\n");
export const partsOf = (host: FastHost, one: any): string[] => indexOf(host, one).filter((line) => line.startsWith("part "));
export const chunks = async (host: FastHost): Promise<string[]> => (await host.shell("cd /srv/netboot/http/chunks 2>/dev/null && find . -type f | sort")).stdout.split("\n").filter(Boolean);
export const ours = (host: FastHost): string[] => Object.keys(host.snapshot()).filter((path) => /^\/srv\/./.test(path));

/** The digest of the disk, put together from what is served as a machine does it. */
export async function restored(host: FastHost, one: any): Promise<string> {
  assert.equal((await host.shell("find /srv/netboot/http ! -perm -004")).stdout, "", "the web server is not root");
  const script = `cd ${placeOf(one)}; grep ^part index | while read -r _ n offset length sum xxh packed; do
  if [ $sum = zero ]; then head -c $length /dev/zero; continue; fi
  sed 's|^\\(..\\).*|../../chunks/\\1/&.zst|' part.$n | xargs cat >/tmp/part
  [ "$(sha256sum </tmp/part | cut -c1-64)" = $sum ] && [ "$(wc -c </tmp/part)" = $packed ] && [ "$(zstd -dc </tmp/part | xxhsum -H2 | cut -c1-32)" = $xxh ] || echo wrong
  zstd -dc </tmp/part
done | sha256sum`;
  return (await host.shell(script)).stdout.slice(0, 64);
}

/** The address of a web server that ends with the test, however that ends. */
export async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  await new Promise<void>((go) => server.listen(0, "127.0.0.1", go));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
