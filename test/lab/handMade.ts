// A netboot master made by hand, for tests of the lab itself: the least that boots a client, with nothing of the provider.
import { artifacts } from "../setup/where.mjs";
import type { Master } from "./master.ts";

export interface HandMade {
    /** The addresses that DHCP gives: "10.83.7.50,10.83.7.99", one or more. */
    ranges: string[];
    /** What every machine is told, as an iPXE script; `say` changes it. */
    script: string;
    more?: string[];                     // further lines for dnsmasq
}

const site = "/srv/hand-made";

export async function makeByHand(master: Master, { ranges, script, more = [] }: HandMade): Promise<void> {
    await master.exec(`
        printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d
        apt-get update -q > /dev/null
        DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends dnsmasq-base nginx-light ipxe > /dev/null
        mkdir -p ${site} && cp /usr/lib/ipxe/undionly.kpxe /usr/lib/ipxe/snponly.efi ${site}`);
    await master.container.copyFilesToContainer([
        { source: artifacts.vmlinuz, target: `${site}/vmlinuz`, mode: 0o644 },
        { source: artifacts.initrd, target: `${site}/initrd.img`, mode: 0o644 },
    ]);
    await master.container.copyContentToContainer([
        { target: "/etc/nginx/sites-enabled/default", content: `server { listen 80 default_server; root ${site}; }\n`, mode: 0o644 },
        { target: "/etc/dnsmasq.conf", content: `${dnsmasq(master.host, ranges, more).join("\n")}\n`, mode: 0o644 },
    ]);
    await say(master, script);
    await master.exec("nginx && dnsmasq --conf-file=/etc/dnsmasq.conf --log-facility=/var/log/dnsmasq.log");
}

/** Puts another script in place of the one that machines are told. */
export const say = (master: Master, script: string): Promise<void> =>
    master.container.copyContentToContainer([{ target: `${site}/boot.ipxe`, content: script, mode: 0o644 }]);

export const kernelScript = (master: Master, cmdline: string): string =>
    ["#!ipxe", `kernel http://${master.host}/vmlinuz initrd=initrd.img console=ttyS0 quiet ${cmdline}`, `initrd http://${master.host}/initrd.img`, "boot", ""].join("\n");

function dnsmasq(host: string, ranges: string[], more: string[]): string[] {
    return [
        "port=0", "no-ping", "dhcp-authoritative", "log-dhcp", "enable-tftp", `tftp-root=${site}`,
        ...ranges.map((range) => `dhcp-range=${range},255.255.255.0,1h`),
        "dhcp-match=set:ipxe,175",
        ...[7, 9].map((arch) => `dhcp-match=set:efi,option:client-arch,${arch}`),
        "dhcp-boot=tag:!ipxe,tag:!efi,undionly.kpxe",
        "dhcp-boot=tag:!ipxe,tag:efi,snponly.efi",
        `dhcp-boot=tag:ipxe,http://${host}/boot.ipxe`,
        ...more,
    ];
}
