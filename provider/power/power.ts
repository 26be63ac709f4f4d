import type { Power } from "@pulumi-netboot/schema/filled";
import { createHash } from "node:crypto";
import type { MasterRef } from "../boot/types";
import type { HostState, OnChange, Pace, Switch } from "../engine/state";
import { canonicalMac } from "../identity";
import type { Claim, Problem } from "../resource";
import { hasUnknown, UNKNOWN } from "../unknown";

/** What of a machine its power has to do with. `key` is the strongest of what it is recognised by: a machine that is renamed, or moved to a fleet, is the same one. */
export interface Powered {
  name: string;
  master: MasterRef;
  mac?: string;
  address?: string;
  power?: Power;
  key?: string;
}

/** Of a master that another stack declared before there was a pace. */
const PACE: Pace = { atOnce: 8, pauseSeconds: 5 };

export const normalisedPower = (power: Power): Power =>
  power.driver === "wol" && typeof power.mac === "string" ? { ...power, mac: canonicalMac(power.mac) } : power;

export function powerProblems({ name, power, mac }: Powered): Problem[] {
  if (!power) return [];
  const fault = (field: string, reason: string): Problem[] => [{ property: `power.${field}`, reason: `power.${field} ${reason}` }];
  switch (power.driver) {
    case "wol":
      return [
        ...(power.mac ?? mac ? [] : fault("mac", `is missing, and so is the mac of ${name}: Wake-on-LAN calls a card by its MAC address; give one of the two.`)),
        ...(["cycle", "cycleIfIdle"].includes(power.onChange) ? fault("onChange", `is "${power.onChange}", and driver "wol" can only switch on: write "on", or take another driver.`) : []),
      ];
    case "ipmi":
      return [];
    case "redfish":
      return [
        ...(power.url.startsWith("http://") && !power.insecure ? fault("url", `is "${power.url}", by which the password travels in clear: write https, or set insecure: true.`) : []),
        ...(power.publicKey && power.insecure ? fault("insecure", "is true, and publicKey is given, which says whom to trust: leave one of the two out.") : []),
      ];
    case "command":
      return [
        ...(/^\/./.test(power.command[0]!) ? [] : fault("command[0]", `is ${JSON.stringify(power.command[0])}, and must be the absolute path of a program on the master, for example "/usr/local/sbin/strip".`)),
        ...Object.keys(power.environment).filter((variable) => /^(NETBOOT_.*|LD_.*|PATH|IFS|ENV|HOME)$/.test(variable)).flatMap((variable) => fault(`environment.${variable}`, `is set, and ${variable} is not the program's to have set: take another name.`)),
      ];
  }
}

/** Two machines with one BMC or one card are one machine, or a mistake by which the wrong one is switched off. */
export function powerClaims({ power, mac }: Powered): Claim[] {
  const claim = (kind: Claim["kind"], value: string, field: string): Claim[] => [{ kind, value, property: `power.${field}` }];
  switch (power?.driver) {
    case "ipmi":
      return claim("bmc", `${power.host.toLowerCase()}:${power.port}`, "host");
    case "redfish":
      return claim("bmc", `${authority(power.url)}${power.system ?? ""}`, power.system ? "system" : "url");
    case "wol":
      return power.mac && power.mac !== mac ? claim("mac", power.mac, "mac") : [];
    default:
      return [];
  }
}

/** As two ways to write one are equal: in lower case, and with its port. */
const authority = (url: string) => {
  const text = url.toLowerCase();
  return /:[0-9]+$/.test(text) ? text : `${text}:${text.startsWith("https:") ? 443 : 80}`;
};

/** Where no key is named, a certificate is compared with those of the distribution, which curl only recommends. */
function packagesFor(power: Power): HostState["packages"] {
  switch (power.driver) {
    case "ipmi":
      return { ipmitool: { quiet: ["ipmievd.service"] } };
    case "redfish":
      return { curl: {}, jq: {}, ...(!power.publicKey && !power.insecure && { "ca-certificates": {} }) };
    default:
      return undefined;
  }
}

/** What the master needs for it, and what it is to remember: `summary` is what the machine boots, in the words that a reviewer reads. */
export function powerState({ name, power, key }: Powered, summary: readonly string[]): Pick<HostState, "packages" | "powers"> {
  if (!power || !key) return {};
  const packages = packagesFor(power);
  return { ...(packages && { packages }), powers: { [key]: { machine: name, boots: bootsOf(summary), onChange: power.onChange } } };
}

/** A digest of what a machine boots. */
export const bootsOf = (summary: readonly string[]): string => (hasUnknown(summary) ? UNKNOWN : createHash("sha256").update(summary.join("\n")).digest("hex").slice(0, 32));

export function switchOf({ name, power, key, mac, address, master }: Powered): Record<string, Switch> {
  if (!power || !key) return {};
  const common = { machine: name, timeoutSeconds: power.timeoutSeconds, pace: master.power ?? PACE, ...(address && { address }), ...(mac && { mac }) };
  switch (power.driver) {
    case "wol": {
      const only = power.interface ?? master.interface;
      return { [key]: { ...common, driver: "wol", card: power.mac ?? mac ?? "", to: power.address, port: power.port, ...(only && { interface: only }) } };
    }
    case "ipmi": {
      const { driver, host, port, user, password, cipherSuite } = power;
      return { [key]: { ...common, driver, host, port, user, password, ...(cipherSuite && { cipherSuite }) } };
    }
    case "redfish": {
      const { driver, url, user, password, system, publicKey, insecure } = power;
      return { [key]: { ...common, driver, url, user, password, insecure, ...(system && { system }), ...(publicKey && { publicKey }) } };
    }
    case "command": {
      const { driver, command, user, environment } = power;
      return { [key]: { ...common, driver, command, user, environment } };
    }
  }
}

const WORDS: { [how in OnChange]?: string } = { on: "and will be switched on now", cycle: "and will be power-cycled now", cycleIfIdle: "and will be power-cycled now, if the master sees it idle" };
/** Of a machine that state does not know: the master may, under another name. */
const UNLESS = "unless that was done for this boot before";

/** A line of what a machine's next boot does, where it is not left to the machine when that is. */
export const announcement = (onChange: OnChange, isNew: boolean): string | undefined => WORDS[onChange] && (isNew ? `${WORDS[onChange]}, ${UNLESS}` : WORDS[onChange]);

const ANNOUNCED = new RegExp(`\\n(${Object.values(WORDS).join("|")})(, ${UNLESS})?(?=\\n|$)`);

/** With that line behind the first: of a new text Pulumi's previews show three. */
export const announcing = (nextBoot: string, line: string): string => nextBoot.replace(/$/m, `\n${line}`);

/** The same without that line. */
export const unannounced = (nextBoot: string): string => nextBoot.replace(ANNOUNCED, "");
export const announced = (nextBoot: string): string | undefined => ANNOUNCED.exec(nextBoot)?.[0].slice(1);

/** What a machine boots, from what state has of its next boot: all but the way there. */
export const bootsIn = (nextBoot: string): string => bootsOf(unannounced(nextBoot).split("\n").slice(1));
