import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A representative site: packages, directories, a LIVE set of three files, twenty content files, a blob, a link, two services. */
export const urn = (type: string, name: string, stack = "dev"): string => `urn:pulumi:${stack}::site::netboot:index:${type}::${name}`;

const dir = mkdtempSync(join(tmpdir(), "netboot-blob-"));
process.on("exit", () => rmSync(dir, { recursive: true, force: true }));

export function blobOf(text: string) {
  const sha256 = createHash("sha256").update(text).digest("hex");
  const file = join(dir, sha256);
  writeFileSync(file, text);
  return { sha256, file, spec: { sha256, size: Buffer.byteLength(text) } };
}

export const unitFile = (name: string, version: string): string => `[Service]\nExecStart=/usr/sbin/${name} ${version}\n`;

/** Operations of a whole site in some version; deletion is the same without wants. */
export function site(version: string): any[] {
  const blob = blobOf(`kernel ${version}`);
  const master = {
    owner: urn("MasterServer", "lab"),
    label: 'MasterServer "lab"',
    want: {
      packages: { dnsmasq: { quiet: ["dnsmasq.service"] }, "nginx-light": { quiet: ["nginx-light.service"] } },
      directories: { "/srv/netboot/http": "0755", "/srv/netboot/dhcp-hosts": "0755", "/etc/netboot/live/dnsmasq.d": "0755" },
      links: { "/srv/netboot/tftp/undionly.kpxe": `/usr/lib/ipxe/${version}/undionly.kpxe` },
      files: {
        "/etc/netboot/live/dnsmasq.conf": `# ${version}\n`,
        "/etc/netboot/live/nginx.conf": `# ${version}\n`,
        "/etc/systemd/system/netboot-dhcp.service": unitFile("dnsmasq", version),
        "/etc/systemd/system/netboot-http.service": unitFile("nginx", version),
      },
      services: {
        "netboot-dhcp.service": { check: "check-set", restartOn: ["/etc/netboot/live/dnsmasq.conf", "/etc/netboot/live/dnsmasq.d"], reloadOn: ["/srv/netboot/dhcp-hosts"], order: 90 },
        "netboot-http.service": { check: "check-set", restartOn: ["/etc/netboot/live/nginx.conf"] },
      },
    },
  };
  const pool = { owner: urn("DhcpPool", "lan"), label: 'DhcpPool "lan"', want: { files: { "/etc/netboot/live/dnsmasq.d/lan.conf": `# ${version}\n` }, claims: { "subnet 10.0.0.0/24": "" } } };
  const kernel = {
    owner: urn("KernelImage", "rescue"),
    label: 'KernelImage "rescue"',
    want: { blobs: { [`/srv/netboot/http/blob/${blob.sha256}/vmlinuz`]: blob.spec } },
    sources: { [blob.sha256]: blob.file },
  };
  const machines = Array.from({ length: 10 }, (_, i) => machine(`m${i}`, i, version));
  return [master, pool, kernel, ...machines];
}

export function machine(name: string, i: number, version: string): any {
  const mac = `52-54-00-00-${String(Math.floor(i / 100)).padStart(2, "0")}-${String(i % 100).padStart(2, "0")}`;
  return {
    owner: urn("Machine", name),
    label: `Machine "${name}"`,
    want: {
      files: { [`/srv/netboot/http/mac/${mac}.ipxe`]: `#!ipxe\n# ${version}\nexit\n`, [`/srv/netboot/dhcp-hosts/${mac}`]: `${mac},${name},${version}\n` },
      claims: { [`address 10.0.0.${i}`]: "" },
    },
  };
}

export const gone = (op: any): any => ({ owner: op.owner, label: op.label, previous: op.want, sweep: op.label.startsWith("MasterServer") || undefined });
