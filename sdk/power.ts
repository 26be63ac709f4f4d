import type { MachineInput } from "@pulumi-netboot/schema";
import * as pulumi from "@pulumi/pulumi";
import type { Inputs } from "./inputs";

/** How a machine is switched on and off. */
export type Power = Inputs<NonNullable<MachineInput["power"]>>;

/** Secrets of a machine's power, by field. */
const CREDENTIALS = ["password", "environment"];

/** A machine's arguments with the secrets of its power marked as such, whatever the program said. */
export function guardedPower<T extends { power?: unknown }>(args: T): T {
    const { power } = args;
    if (!power || typeof power !== "object") return args;
    return { ...args, power: pulumi.Output.isInstance(power) || power instanceof Promise ? pulumi.output(power).apply(marked) : marked(power) };
}

function marked(power: any): any {
    if (!power || typeof power !== "object") return power;
    const secrets = CREDENTIALS.filter((field) => power[field] !== undefined).map((field) => [field, pulumi.secret(power[field])]);
    return { ...power, ...Object.fromEntries(secrets) };
}
