import type { Family } from "./types";

const unit = `[Unit]
Description=netboot: installs this machine
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart=/bin/sh /opt/netboot-install
StandardOutput=journal+console
StandardError=journal+console

[Install]
WantedBy=multi-user.target
`;

/**
 * Flatcar and Fedora CoreOS: the system that the network starts is configured to install itself, with the user's configuration for the installed one. Each knows its own
 * arguments and passes over the other's.
 */
export const ignition: Family = {
  file: "config.ign",
  args: (base) => `ignition.firstboot ignition.platform.id=metal flatcar.first_boot=1 ignition.config.url=${base}config.ign`,
  fault(text) {
    try {
      const version = JSON.parse(text)?.ignition?.version;
      return typeof version === "string" && /^(2|3)\.\d+\.\d+$/.test(version) ? undefined : 'has no ignition.version: write `"ignition": { "version": "3.3.0" }`';
    } catch {
      // The parser's message quotes the text, which may hold a secret.
      return "is no JSON: correct it; butane makes Ignition's JSON of YAML";
    }
  },
  serves(text, { master }) {
    const files = [{ path: "/opt/netboot-install", mode: 0o755, contents: { source: `${master.http}/installers/ignition` } }];
    const live = { ignition: { version: "3.3.0" }, storage: { files }, systemd: { units: [{ name: "netboot-install.service", enabled: true, contents: unit }] } };
    return { "config.ign": `${JSON.stringify(live, null, 2)}\n`, "installed.ign": text };
  },
};
