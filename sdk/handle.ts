import * as pulumi from "@pulumi/pulumi";

/**
 * What hidden inputs hold of another resource: its `ref`, whether that is secret, and of a master the way there. One text, made once for all who
 * take it: Pulumi's engine takes for an object of twenty fields about as long as for a whole resource.
 */
export type Handle = pulumi.Output<string>;

export const handle = (ref: pulumi.Output<unknown>, connection?: pulumi.Output<unknown>): Handle =>
    pulumi.all([ref, pulumi.isSecret(ref), connection]).apply(([ref, secret, connection]) => JSON.stringify({ ref, secret, connection }, sorted));

/** Objects come from the engine with their keys in any order; equal ones are to be equal texts. */
const sorted = (_: string, value: unknown) => (value && typeof value === "object" && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value);
