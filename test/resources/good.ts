/** Inputs that hold, of every resource: from the schema's examples and from the cases; and as the SDK sends them. */
import { validate } from "../../provider/dist/validate.js";
import { check } from "../../provider/dist/pulumi/check.js";
import { casesIn, resolved } from "./cases.ts";
import { type Fields, resourceType, schemaOf } from "./resource.ts";

const cases = casesIn("resources");
const folder = (name: string) => name[0]!.toLowerCase() + name.slice(1);

/** With the name of each: the case's, or "example 1". */
export const named = (name: string): [string, Fields][] => [
    ...(schemaOf(name).examples as Fields[]).map((inputs, i): [string, Fields] => [`example ${i + 1}`, inputs]),
    ...cases.get(folder(name))!.filter(({ content }) => content.desired).map(({ name, content }): [string, Fields] => [name, resolved(content.inputs) as Fields]),
];
/** Each on a master of its own, since `check` remembers what is on one. */
export const good = (name: string): Fields[] => named(name).map(([, inputs], i) => ({ ...inputs, ...(inputs.master ? { master: { ...(inputs.master as Fields), host: `master-${i}` } } : { host: `master-${i}` }) }));

export const normalised = (name: string, inputs: Fields): any => {
    const type = resourceType(name);
    const { input } = validate(type, inputs);
    return type.normalise ? type.normalise(input) : input;
};

/** The keys of maps in another order: what Pulumi's wire may do to them. */
export const shuffled = (value: any): any =>
    Array.isArray(value) ? value.map(shuffled) : value && typeof value === "object" ? Object.fromEntries(Object.entries(value).reverse().map(([k, v]) => [k, shuffled(v)])) : value;

export const connection = { host: "192.0.2.1", hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB4vhUe5cXP6hjpWY7H7n6nIbMLHvUw0MHO4SCDq4XMd", privateKeyPath: "/nowhere/key" };

/** What the SDK makes of a program's arguments: what they refer to is one text each. A master's own limit is no matter here. */
export function sent({ master, pool, ...inputs }: any, { __connection: way = connection, ...more }: any = {}): any {
    const handle = (ref: unknown) => JSON.stringify({ ref, secret: false, connection: way });
    return {
        __urn: "urn:pulumi:test::netboot::pulumi-nodejs:dynamic/netboot:Any::it", ...inputs,
        ...(master === undefined ? { __connection: way } : { __master: handle(typeof master === "object" ? { maxErase: 1000, ...master } : master) }),
        ...(pool !== undefined && { __pool: handle(pool) }), ...more,
    };
}

/** The provider's `check` of it. Of one owner, so that no two claim the same. */
export const checked = (name: string, inputs: any, more: object = {}, olds: any = {}) => check(resourceType(name), olds, sent(inputs, more));
