import { byFirmware, type Firmware, type PoolRef } from "../../boot/types";
import { question, TFTP } from "../../boot/script";
import { SHIM } from "../../boot/secure";
import { type Check, LIVE } from "../../engine/state";
import { canonicalRange, canonicalSubnet, dotted, ipv4, netmask, range, subnet, within } from "../../net";
import { templates } from "../../render";
import type { Claim, ResourceType } from "../../resource";
import { hasUnknown, settled, UNKNOWN } from "../../unknown";
import { answering } from "../masterServer/doctor";
import { rules } from "./rules";
import type { DhcpPool } from "./types";

const template = templates(__dirname);

/** What dnsmasq calls the architectures of a PXE service; firmware of 64-bit x86 says 7, which dnsmasq calls BC_EFI, or 9. */
const ARCHITECTURES: Record<Firmware, string[]> = { bios: ["x86PC"], uefi: ["BC_EFI", "X86-64_EFI"], uefi32: ["IA32_EFI"], arm64: ["ARM64_EFI"] };

/** The master's addresses as this subnet's machines are told them. */
function servers({ master, address }: DhcpPool) {
  if (!address) return { http: master.http, tftp: master.tftp };
  return { http: master.http.replace(/^http:\/\/[^:/]+/, `http://${address}`), tftp: address };
}

/** Machines that are told another address are asked to ask there. */
const scriptOf = ({ name, address }: DhcpPool) => (address ? `boot-${name}.ipxe` : "boot.ipxe");

function conf(pool: DhcpPool): string {
  const { name, master, mode, interface: only, router, domain, knownMachinesOnly } = pool;
  // Of a subnet that is masked or not known yet, the text is never shown.
  const net = subnet(pool.subnet) ?? { first: 0, prefix: 0 };
  const span = pool.range ? range(pool.range) : undefined;
  const { http, tftp } = servers(pool);
  const tag = `pool-${name}`;
  return template("pool.conf.njk", {
    ...pool, tag, http, tftp,
    // dnsmasq tags each request with the interface that it came in by, and with `known` if a host line names its MAC. Not dhcp-ignore:
    // that is decided before the range, and thus this pool's tag, is found.
    filter: [only && `tag:${only},`, knownMachinesOnly && "tag:known,"].filter(Boolean).join(""),
    boot: master.offer === "known" ? `tag:${tag},tag:known` : `tag:${tag}`,
    network: dotted(net.first), netmask: netmask(net.prefix),
    first: span ? dotted(span.first) : "", last: span ? dotted(span.last) : "",
    router: router ? [router] : [], domain: domain ?? "",
    // With the master bound to one interface, a pool on another one has to open it.
    interface: only && master.interface ? only : "",
    // Over TFTP, which gives up on a silent server by itself, where that is let through.
    overHttp: !pool.tftp, script: pool.tftp ? `tftp://${tftp}/${scriptOf(pool)}` : `${http}/boot.ipxe`, secure: master.secureBoot ? SHIM : "",
    loaders: byFirmware(master.loaders),
    options: Object.entries(pool.options).sort(),
    services: mode === "proxy" ? byFirmware(master.loaders).flatMap(([firmware, loader]) => ARCHITECTURES[firmware].map((architecture) => ({ firmware, architecture, loader }))) : [],
  });
}

/** Addresses in the subnet that are someone's, and that no machine may be given. */
export function reserved({ master, subnet: text, address, router, dns, ntp, mode }: DhcpPool): string[] {
  const net = subnet(text);
  const { http, tftp } = master;
  const all = [master.address, http.replace(/^http:\/\/|:[0-9]+$/g, ""), tftp, address, ...(mode === "proxy" ? [] : [router, ...dns, ...ntp])];
  const inside = all.filter((one): one is string => !!one && !!net && ipv4(one) !== undefined && within(ipv4(one)!, net));
  return [...new Set(inside)];
}

function checks({ mode, relay, subnet: net, interface: only, master }: DhcpPool): Check[] {
  // Behind a relay nothing can be probed from here; a proxy is made for there being another server.
  if (relay) return [];
  const through = only ?? master.interface;
  const on = { subnet: net, ...(through && { interface: through }) };
  return [{ check: "interface", ...on }, ...(mode === "proxy" ? [] : [{ check: "no-other-dhcp" as const, ...on }])];
}

/** Where its machines are told an address of their own, that is asked; and the port that firmware comes back to a proxy by. */
function doctor(pool: DhcpPool): Check[] {
  const { mode, address } = pool;
  const { http, tftp } = servers(pool);
  return [
    ...(address ? [{ check: "address" as const, field: "address", address }, ...answering(`${http}/boot.ipxe`, tftp, scriptOf(pool))] : []),
    ...(mode === "proxy" ? [{ check: "firewall" as const, ports: ["4011/udp"] }] : []),
  ];
}

const type: ResourceType<DhcpPool> = {
  name: "DhcpPool",
  normalise: (input) => ({ ...input, subnet: canonicalSubnet(input.subnet), ...(input.range !== undefined && { range: hasUnknown(input.range) ? UNKNOWN : (canonicalRange(input.range) as string) }) }),
  rules,
  claims({ name, subnet: net, range: span, knownMachinesOnly }) {
    const claims: Claim[] = [{ kind: "name", value: `pool ${name}`, property: "name" }, { kind: "subnet", value: net, property: "subnet" }];
    if (knownMachinesOnly === true) claims.push({ kind: "knownOnly", value: net, property: "knownMachinesOnly" });
    return span ? [...claims, { kind: "range", value: span, property: "range" }] : claims;
  },
  desired(pool) {
    const { name, mode, subnet: net, range: span } = pool;
    const ref: PoolRef = { name, masterName: pool.master.name, mode, subnet: net, ...(span && { range: span }), reserved: reserved(pool) };
    return {
      state: {
        files: {
          [`${LIVE}/dnsmasq.d/${name}.conf`]: conf(pool).replace(/\n{2,}/g, "\n"),
          ...(pool.address && pool.tftp && { [`${TFTP}/${scriptOf(pool)}`]: question(servers(pool).http, pool.master) }),
        },
        claims: { [`subnet ${net}`]: "" },
      },
      outputs: settled({ ref }),
      checks: checks(pool),
      doctor: doctor(pool),
    };
  },
};
export default type;
