import type { Boot, MasterRef } from "../../boot/types";

export interface Entry {
  name: string;
  label: string;
  key?: string;
  heading?: string;
  only?: string[];
  password?: string;
  boot: Boot;
}

export interface BootMenu {
  name: string;
  master: MasterRef;
  title: string;
  entries: Entry[];
  default?: string;
  timeout: number;
  password?: string;
}
