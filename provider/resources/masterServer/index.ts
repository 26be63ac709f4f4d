import { blobProblems, localProblems } from "../../boot/rules";
import { SITE } from "../../boot/script";
import { byFirmware, type MasterRef } from "../../boot/types";
import type { Check } from "../../engine/state";
import type { Problem, ResourceType } from "../../resource";
import { canonicalSubnet } from "../../net";
import { settled } from "../../unknown";
import { IMAGING_ROOM, imagingRef, imagingState } from "./imaging";
import { doctor } from "./doctor";
import { addressOf, filesOf, LEASES, LOGS } from "./files";
import { loaderState, nameOf, own } from "./loaders";
import { installerDirectories } from "./installers";
import { multicastState } from "./multicast";
import { pageState } from "./page";
import { registerState } from "./register";
import { secureProblems, secureState } from "./secure";
import { storageProblems, storageState } from "./storage";
import { DHCP_UNIT, HTTP_UNIT, services } from "./services";
import type { MasterServer } from "./types";

/** What a master needs beside the blobs that other resources bring. */
const ROOM = 64 << 20;

function refOf(input: MasterServer): MasterRef {
  const { name, host, address, interface: only, tftp, loaders, unknownMachines, localBoot, retries, maxErase, power, storage, page, secureBoot } = input;
  const names = Object.fromEntries(byFirmware(loaders).map(([firmware, loader]) => [firmware, nameOf(loader)]));
  return {
    name, host, address, ...(only && { interface: only }), http: `http://${addressOf(input)}`, tftp: tftp.address || address,
    loaders: names, offer: unknownMachines === "ignore" ? "known" : "all", localBoot, retries, ...imagingRef(input), maxErase, power,
    ...(input.installers && { installers: true }),
    ...(storage && { storage: { driver: storage.driver, path: storage.path, ...(storage.pool && { pool: storage.pool }), iqn: storage.iqn } }),
    ...(secureBoot && { secureBoot: true }),
    ...(page && { page: true }),
  };
}

function rules(input: MasterServer): Problem[] {
  const { unknownMachines, unknownMenu, localBoot, loaders } = input;
  const problems = [...storageProblems(input), ...secureProblems(input), ...localProblems(localBoot, "localBoot"), ...own(loaders).flatMap(([firmware, blob]) => blobProblems(blob, `loaders.${firmware}`))];
  if (unknownMachines === "menu" && !unknownMenu)
    problems.push({ property: "unknownMenu", reason: 'unknownMenu is missing, and unknownMachines is "menu": name the BootMenu that unknown machines are to see.' });
  if (!["menu", "register"].includes(unknownMachines) && unknownMenu)
    problems.push({ property: "unknownMenu", reason: `unknownMenu is "${unknownMenu}", but unknownMachines is "${unknownMachines}": set unknownMachines: "menu" or leave unknownMenu out.` });
  const names = new Map<string, string>();
  for (const [firmware, loader] of byFirmware(loaders)) {
    const other = names.get(nameOf(loader));
    if (other && JSON.stringify(loader) !== JSON.stringify(loaders[other as keyof typeof loaders]))
      problems.push({ property: `loaders.${firmware}`, reason: `loaders.${firmware} is a file "${nameOf(loader)}", and so is loaders.${other}, with another content: rename one of them.` });
    names.set(nameOf(loader), firmware);
  }
  return problems;
}

function checks(input: MasterServer): Check[] {
  const { address, http, interface: only, loaders, imaging, secureBoot } = input;
  const room = [...own(loaders).map(([, blob]) => blob), ...Object.values(secureBoot ?? {})].reduce((sum, { size }) => sum + (size ?? 0), ROOM + (imaging ? IMAGING_ROOM : 0));
  return [
    { check: "debian" },
    ...(only ? [{ check: "interface" as const, interface: only }] : []),
    { check: "space", path: SITE, bytes: room },
    { check: "port", protocol: "udp", port: 67, unit: DHCP_UNIT },
    { check: "port", protocol: "udp", port: 69, unit: DHCP_UNIT },
    { check: "port", protocol: "tcp", port: http.port, unit: HTTP_UNIT, ...(http.address && http.address !== address && { address: http.address }) },
    ...storageState(input).checks,
  ];
}

/** Directories that every master has. */
const SERVED = ["", "/blob", "/group", "/group/mac", "/group/prefix", "/loader", "/mac", "/menu", "/serial", "/uuid"].map((part) => `${SITE}/http${part}`);
const OWN = Object.fromEntries([SITE, ...SERVED, `${SITE}/tftp`, `${SITE}/dhcp-hosts`, LEASES, LOGS].map((path) => [path, "0755"]));

const type: ResourceType<MasterServer> = {
  name: "MasterServer",
  // An address alone stays one: it is nginx that reads it.
  normalise: (input) => (Array.isArray(input.page?.allow) ? { ...input, page: { ...input.page, allow: input.page.allow.map((network) => (typeof network === "string" ? canonicalSubnet(network) : network)) } } : input),
  rules,
  desired(input) {
    const { links, blobs, sources } = loaderState(input.loaders);
    const { directories, builds, artifacts } = imagingState(input);
    const multicast = multicastState(input);
    const disks = storageState(input);
    const page = pageState(input);
    const register = registerState(input);
    const secure = secureState(input);
    const units = { ...services, ...multicast.services, ...disks.services };
    return {
      state: {
        packages: { "dnsmasq-base": {}, "nginx-light": { quiet: ["nginx.service"], leaves: ["/var/www/html/index.nginx-debian.html", "/var/www/html", "/var/www"] }, ipxe: {}, ...multicast.packages, ...disks.packages },
        directories: { ...OWN, ...directories, ...installerDirectories(input), ...disks.directories, ...page.directories, ...secure.directories },
        links: { ...links, ...secure.links },
        ...(Object.keys({ ...blobs, ...secure.blobs }).length && { blobs: { ...blobs, ...secure.blobs } }),
        ...(artifacts && { artifacts }),
        files: { ...filesOf(input), ...multicast.files, ...disks.files, ...page.files, ...register.files, ...secure.files },
        ...(Object.keys(register.places).length && { places: register.places }),
        services: units,
      },
      outputs: settled({ ref: refOf(input), url: `http://${addressOf(input)}` }),
      checks: checks(input),
      doctor: doctor(input, Object.keys(units)),
      sources: { ...sources, ...secure.sources },
      builds,
    };
  },
};
export default type;
