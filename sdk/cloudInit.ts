import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { MachineInput } from "@pulumi-netboot/schema";
import * as pulumi from "@pulumi/pulumi";
import type { Fields } from "./inputs";

type Given = NonNullable<MachineInput["cloudInit"]>;
type PartField = "userData" | "metaData" | "networkConfig" | "vendorData";

/** A template: its text, or the file that holds it. */
export type SeedPart = string | TextFile;

/** A text file on the machine that runs Pulumi. */
export interface TextFile {
    /** Absolute, or relative to the program. */
    path: string;
}

/** What cloud-init in the booted system is given: docs/cloud-init.md. */
export interface CloudInit extends Fields<Omit<Given, PartField | "directory">> {
    /** `#cloud-config`, a script (`#!`), or another of cloud-init's formats: text, or `{ path }`. */
    userData?: pulumi.Input<SeedPart>;
    /** YAML about the instance; `instance-id` and `local-hostname` are added where it does not set them. */
    metaData?: pulumi.Input<SeedPart>;
    /** Network configuration, version 1 or 2. Over HTTP it is read since cloud-init 24.3 only. */
    networkConfig?: pulumi.Input<SeedPart>;
    /** Like user data, which comes before it where both say something. */
    vendorData?: pulumi.Input<SeedPart>;
    /** A directory with user-data, meta-data, network-config, vendor-data and whatever else is to be served beside them; absolute, or relative to the program. */
    directory?: pulumi.Input<string>;
}

/** A seed with the texts of its files: `check` sees no disk. */
export function cloudInitInput({ userData, metaData, networkConfig, vendorData, directory, ...rest }: CloudInit): Record<string, unknown> {
    const parts = Object.entries({ userData, metaData, networkConfig, vendorData }).filter(([, part]) => part !== undefined);
    return { ...rest, ...Object.fromEntries(parts.map(([field, part]) => [field, read(part!, partInput)])), ...(directory !== undefined && { directory: read(directory, directoryInput) }) };
}

/** Plain values stay plain: each output costs promises, and there may be a thousand machines. */
const read = <T>(value: pulumi.Input<T>, change: (value: any) => unknown): unknown => (pulumi.Output.isInstance(value) || value instanceof Promise ? pulumi.output(value).apply(change) : change(value));

/** A template with the text of its file. */
export const partInput = (part: SeedPart) => (typeof part === "string" ? part : { path: part.path, ...attempt(() => ({ text: text(part.path) })) });

function directoryInput(path: string) {
    return { path, ...attempt(() => ({ files: Object.fromEntries(below(path).map((file) => [file, text(join(path, file))])) })) };
}

/** The files below a directory by their paths in it, but for hidden ones. */
function below(path: string, folder = ""): string[] {
    const entries = readdirSync(join(path, folder), { withFileTypes: true }).filter(({ name }) => !name.startsWith("."));
    return entries.flatMap((entry) => (entry.isDirectory() ? below(path, `${folder}${entry.name}/`) : [folder + entry.name])).sort();
}

/** Seeds are text all the way: bytes that are none would not come through as they are. */
function text(path: string): string {
    try {
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(path));
    } catch (error) {
        throw error instanceof TypeError ? new Error(`${path} is no text in UTF-8`) : error;
    }
}

function attempt<T>(action: () => T): T | { problem: string } {
    try {
        return action();
    } catch (error) {
        return { problem: (error as Error).message };
    }
}
