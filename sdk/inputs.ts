import * as pulumi from "@pulumi/pulumi";

/** An object's fields, each of which may be an output of another resource, at any depth. */
export type Fields<T> = { [K in keyof T]: Inputs<T[K]> };

/** A value that may be an output of another resource, at any depth. */
export type Inputs<T> = T extends string | number | boolean | undefined ? pulumi.Input<T> : T extends (infer E)[] ? pulumi.Input<Inputs<E>[]> : pulumi.Input<Fields<T>>;

export type Path = (string | number)[];

/** Where in the arguments secrets are. `check` gets plain values, so the marks have to travel beside them. */
export async function secretPaths(value: unknown, path: Path = []): Promise<Path[]> {
    if (pulumi.Output.isInstance(value)) return (await pulumi.isSecret(value)) ? [path] : [];
    if (value instanceof Promise) return secretPaths(await value, path);
    if (!value || typeof value !== "object") return [];
    const below = Object.entries(value).map(([key, v]) => secretPaths(v, [...path, Array.isArray(value) ? Number(key) : key]));
    return (await Promise.all(below)).flat();
}
