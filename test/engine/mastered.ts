// A fast host with a master on it, made once and copied for each test; and small wishes.
import { after } from "node:test";
import { createEngine } from "../../provider/dist/engine/index.js";
import { fastHost, type FastHost } from "./fastHost.ts";
import { site, urn } from "./site.ts";

export const bare = fastHost();
export const engineOn = (host: FastHost) => createEngine(host.connect(), { watch: 0, patience: 20, who: "a test" });
const template = (async () => {
  const host = bare.copy();
  await engineOn(host).reconcile(site("v1")[0]);
  return host;
})();
const hosts: FastHost[] = [bare];
export function kept(host: FastHost): FastHost {
  hosts.push(host);
  return host;
}
export const mastered = async (): Promise<FastHost> => kept((await template).copy());
after(async () => [...hosts, await template].forEach((host) => host.remove()));

export const file = (owner: string, path: string, text: string, more: object = {}): any => ({ owner: urn("Thing", owner), label: `Thing "${owner}"`, want: { files: { [path]: text } }, ...more });
export const pool = (name: string, text: string) => file(name, `/etc/netboot/live/dnsmasq.d/${name}.conf`, text);
export const outcome = (work: Promise<any>): Promise<any> => work.then((result) => ({ result }), (error) => ({ error }));
