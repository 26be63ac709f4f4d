import type { Boot } from "./types";

/** What a machine is assigned, as short as a table has room for; no part of it is a secret, as an argument or a URL may be. */
export interface Assignment {
  boots: string;
  generation?: number;
}

const words = (boot: Boot): string => {
  switch (boot.kind) {
    case "local":
      return "local disk";
    case "menu":
      return `menu ${boot.menu.name}`;
    case "kernel":
      return `kernel ${boot.image.name}`;
    case "clone":
      return `clone ${boot.image.name}`;
    case "capture":
      return `capture ${boot.name}`;
    case "install":
      return `install ${boot.installer.name}`;
    case "diskless":
      return `copy of ${boot.volume.name}`;
    case "winpe":
      return `Windows PE ${boot.image.name}`;
    case "chain":
      return "another server's script";
    default:
      return boot.kind;
  }
};

/** With the generation of what is done once and then reported; a disk of the master is simply there. */
export const assignment = (boot: Boot): Assignment => ({ boots: words(boot), ...("generation" in boot && boot.kind !== "diskless" && { generation: boot.generation }) });

/** One machine a line, so that a preview shows the line that changes; by name, as a map's keys come in any order. */
export const assignments = (machines: { name: string; boot: Boot }[]): string =>
  `{"machines":{\n${[...machines].sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ name, boot }) => `${JSON.stringify(name)}:${JSON.stringify(assignment(boot))}`).join(",\n")}\n}}\n`;
