/**
 * Host state: what a resource wants to be true of its master, as maps keyed by what they name
 * (Pulumi diffs arrays by index, maps by key). Specs are as plain as they can be: Pulumi prints them in previews.
 */
export interface HostState {
  /** Debian packages by name. */
  packages?: Record<string, PackageSpec>;
  /** Directories by path; the value is the mode, "0755". Owner root. */
  directories?: Record<string, string>;
  /** Symbolic links by path; the value is the target. */
  links?: Record<string, string>;
  /** Large content by path: streamed, never in state. */
  blobs?: Record<string, BlobSpec>;
  /** Directories that the master builds, by path: the path names the digest of the recipe, the script is in `Op.builds`. */
  artifacts?: Record<string, ArtifactSpec>;
  /** Text files by path: the text, mode 0644, or text, mode and group. Owner root. */
  files?: Record<string, FileSpec>;
  /** Disks for machines, by the path of their directory. Their content is their users'. */
  volumes?: Record<string, VolumeSpec>;
  /** systemd units by name. */
  services?: Record<string, ServiceSpec>;
  /** Disks offered by iSCSI, by the target's IQN, each to one machine. */
  targets?: Record<string, TargetSpec>;
  /** Orders to erase a machine's disk once, by machine. An event, not a state that is kept up: see docs/cloning-protocol.md. */
  orders?: Record<string, OrderSpec>;
  /** Machines that may say on this master what they do, by name. The value is empty. */
  reports?: Record<string, string>;
  /** Where machines that nobody knows may say once what hardware they have, by path; the value is how many of them. */
  places?: Record<string, number>;
  /** Machines that may be switched when they boot something else, by what they are recognised by: "mac-52-54-00-00-00-01". */
  powers?: Record<string, PowerSpec>;
  /** What no one else on this master may have and no file stands for: "address 10.0.0.20". The value is empty. */
  claims?: Record<string, string>;
}

export type KindName = keyof HostState;
export type SpecOf<K extends KindName> = NonNullable<HostState[K]>[string];

export interface PackageSpec {
  /** Units that the package starts by itself and nobody asked for: switched off if, and only if, we installed the package. */
  quiet?: string[];
  /** What its scripts make and purging it leaves, the deepest first: goes with it, if we installed it and that was not there before. */
  leaves?: string[];
}

/** `group` by number, where others than root are to read it: 33 is www-data in every Debian (base-passwd), as nginx runs. */
export type FileSpec = string | { text: string; mode: string; group?: "33" };

export interface BlobSpec {
  /** Hex digest; no prefix. */
  sha256: string;
  /** Bytes. */
  size: number;
}

export interface ArtifactSpec {
  /** Hex SHA-256 of everything that decides the content. */
  recipe: string;
  /** Debian packages that it is made with or made of: another version of one of them means built anew. The resource declares them as `packages` too. */
  packages?: string[];
}

/** How an artifact is made. Not in state: it comes from the resource's inputs, as the local paths of blobs do. */
export interface Build {
  /**
   * POSIX sh, run as root under the engine's lock when packages are there. `$OUT` is an empty directory beside the artifact's place, on the same file system, and the working
   * directory; it is renamed into its place when the script has ended with 0. `$IN` holds what was uploaded, by sha256. Lines written to fd 4 are shown as progress; what it
   * prints is shown when it fails. Exit status 75: an upload is gone, upload again.
   * A script `.check` in `$OUT` is run by every probe, in the directory: it ends with 0 while all is there that the script made elsewhere. It has to be quick.
   * A script `.busy` in `$OUT` is run when nobody declares the artifact any more: while it ends with 0 the directory stays in its place; commits that have to do with artifacts or orders ask again.
   * A script `.remove` in `$OUT` is run once the directory has left its place, or if it never gets there: it clears away what was made elsewhere, and may be run again.
   */
  script: string;
  /** Local files that the script reads as `$IN/SHA256`; their paths are in `Op.sources`. They are gone after the commit. */
  uploads?: Upload[];
}

export interface Upload extends BlobSpec {
  /**
   * Sent by blocks of 2 MiB: those that are neither zeros nor, as `XX/DIGEST.zst`, below this directory. The script finds `$IN/SHA256.blocks/list`, a line `DIGEST LENGTH` or
   * `DIGEST LENGTH zero` for each block in order, and beside it each block that was sent, by its digest.
   */
  blocks?: string;
}

export interface ServiceSpec {
  /** The daemon's own checker as a shell command; `$LIVE` is the staged set that would replace /etc/netboot/live. */
  check?: string;
  /** Files and directories whose change needs a restart; what the daemon parses at start. */
  restartOn: string[];
  /** Files and directories that the daemon reads again on reload. */
  reloadOn?: string[];
  /** The daemon watches its `reloadOn` directories for new files by itself: only a changed or a removed one needs the reload. Default: false. */
  findsNew?: boolean;
  /** Units with a higher number start later: what offers comes after what it offers. Default 50. */
  order?: number;
}

export type VolumeDriver = "reflink" | "lvm-thin" | "zfs";

export interface VolumeSpec {
  driver: VolumeDriver;
  /** Bytes; without it as many as what it comes from has. */
  size?: number;
  /**
   * What is on it at first: an image that the master has, by its digest; or what another volume holds at that moment, by its path, in the present generation or in an earlier one;
   * or a machine's own copy, which has no child in it. Nothing: zeros.
   */
  from?: { image: string } | { volume: string; at?: number } | { copy: string };
  /** Raised, it is made anew; what was on it is lost. */
  generation: number;
  /** So many earlier generations stay. */
  history?: number;
  /** It stays when nobody declares it any more. */
  retain?: boolean;
  /** What is on it is thrown away whenever its machine boots; by the machine's asking, and not by a commit. */
  discard?: boolean;
  /** A higher generation is made when its machine boots next, likewise; until then it stays what it is. */
  atBoot?: boolean;
}

export interface TargetSpec {
  /** Who offers it: the kernel. Default: tgt. */
  by?: "lio";
  /** What it offers, by logical unit number: 0 is the daemon's own. */
  luns: Record<string, string>;
  /** Those of them that take no writes. */
  readOnly?: string[];
  /** Those of them whose volume has `atBoot`: until the machine boots, what is offered is the generation that is there. */
  atBoot?: string[];
  /** What it offers beside those, likewise, and may be exchanged for another while the machine has a session; takes no writes. */
  media?: Record<string, string>;
  /** The one address that may log in, where tgt offers it; who may fetch the boot script in any case. */
  address: string;
  /** The name that the machine gives itself; LIO lets in no other. */
  initiator: string;
  /** CHAP user. The secret is drawn on the host, and in no spec. */
  user: string;
  /** Address of the daemon as the machine sees it. */
  portal: string;
  /** Where the machine's boot script goes that tells it all this, the secret included. */
  script: string;
}

export interface OrderSpec {
  /** The order is given if this is higher than any that was given before. */
  generation: number;
  /** What the machine is to do, as lines of `key value`: all but the nonce and the site, which the host draws. */
  job: string;
  /** The highest generation that state remembers; added when it is applied. Default: 0. */
  known?: number;
}

export type OnChange = "none" | "on" | "cycle" | "cycleIfIdle";

export interface PowerSpec {
  machine: string;
  /** Digest of what it boots. */
  boots: string;
  /** What is done, once, when that is another than what the master noted. */
  onChange: OnChange;
  /** What it booted as state remembers, for a master that has lost its note; added when it is applied. */
  known?: string;
  /** What it booted when nobody was to switch it: a note that the master has is of an earlier time. Added when it is applied. */
  before?: string;
}

/** How many machines are switched on together, and seconds until the next so many. */
export interface Pace {
  atOnce: number;
  pauseSeconds: number;
}

/** How a machine is switched on and off. Not in state: it comes from the resource's inputs, as builds do. */
export type Switch = {
  machine: string;
  mac?: string;
  address?: string;
  /** For one question or order. */
  timeoutSeconds: number;
  pace: Pace;
} & (
  | { driver: "wol"; card: string; to: string; port: number; interface?: string }
  | { driver: "ipmi"; host: string; port: number; user: string; password: string; cipherSuite?: number }
  | { driver: "redfish"; url: string; user: string; password: string; system?: string; publicKey?: string; insecure: boolean }
  | { driver: "command"; command: string[]; user: string; environment: Record<string, string> }
);

/** Where all is that belongs to the site. */
export const SITE = "/srv/netboot";
/** Hashes of menus' passwords: a folder a menu, a file a password. */
export const PASSWORDS = "/etc/netboot/passwords";
/** What machines say of themselves. */
export const REPORTS = `${SITE}/reports`;
/** What unknown machines say of their hardware: a folder each, by MAC address, and `free/` with those that nobody has taken. */
export const DISCOVERED = `${SITE}/discovered`;
/** What was ordered and done, by machine: only grows, and outlives the site. */
export const LEDGER = "/var/lib/netboot-ledger";
/** The set that daemons parse at start: a symlink to a generation directory, switched whole. */
export const LIVE = "/etc/netboot/live";
/** What the engine remembers on the host: owners, stamps, fencing number, leases. */
export const MEMORY = "/var/lib/netboot";

/** Why something cannot be done, and how to mend it. */
export interface Problem {
  cause: string;
  mend?: string;
  file?: string;
}

/** One resource's wish for one master. Create, update and delete are the same operation. */
export interface Op {
  /** Who owns what this declares: the resource's URN. */
  owner: string;
  /** For messages: `Machine "desk-02"`. */
  label: string;
  /** What is to be true; nothing when the resource goes. */
  want?: HostState;
  /** The owner's former URN, where it was renamed (an alias, another parent, a renamed stack): what that owned is its own. */
  formerly?: string;
  /** Where the bytes of a blob are on the machine that runs Pulumi, by sha256. */
  sources?: Record<string, string>;
  /** How to make artifacts, by path. */
  builds?: Record<string, Build>;
  /** How machines are switched, by the keys of `powers`. */
  switches?: Record<string, Switch>;
  /** What must hold on the host before the first write. */
  checks?: Check[];
  /** Also remove whatever else the owner's stack still claims on this host: the master itself is going. */
  sweep?: boolean;
  /** Blobs and artifacts that it gives up stay where they are, and are nobody's from then on; whoever declares the same content has it at once. */
  retain?: boolean;
  /** Status lines for this resource's row. */
  status?: (message: string) => void;
}

/** A question only the host can answer: asked before anything is written, or by the doctor alone. */
export type Check =
  | { check: "debian" }
  | { check: "space"; path: string; bytes: number }
  /** What all volumes of a master are kept by. */
  | { check: "driver"; driver: VolumeDriver }
  | { check: "reflink"; path: string }
  /** What a driver keeps its disks in. */
  | { check: "pool"; driver: "lvm-thin" | "zfs"; pool: string }
  /** A volume by its path: what is on it. */
  | { check: "volume"; path: string }
  /** An image that is there already is of a disk of so many bytes. */
  | { check: "image"; name: string; path: string; size: number }
  | { check: "lio" }
  /** `kernel`: the kernel itself may listen there already. */
  | { check: "port"; protocol: "udp" | "tcp"; address?: string; port: number; unit: string; kernel?: true }
  /** No other DHCP server may answer on the interface that holds (or, without one, routes to) this subnet. */
  | { check: "no-other-dhcp"; subnet: string; interface?: string }
  /** The interface is there; and it, or without a name any one, has an address in this subnet. */
  | { check: "interface"; interface?: string; subnet?: string }
  /** An address that clients are told by this field is the host's own. */
  | { check: "address"; field: string; address: string }
  | { check: "clock" }
  /** No packet filter keeps these out: "67/udp". */
  | { check: "firewall"; ports: string[] }
  /** Of a host in service, each of these that it knows is active. */
  | { check: "units"; units: string[] }
  /** Where the unit is in service, this is answered, and handed out by TFTP. */
  | { check: "http"; url: string; unit: string }
  | { check: "tftp"; address: string; file: string; unit: string }
  /** Where the unit is in service, its user can read all that is below these paths. */
  | { check: "readable"; user: string; paths: string[]; unit: string };
