import * as pulumi from "@pulumi/pulumi";

/** An object's fields, each of which may be an output of another resource, at any depth. */
export type Fields<T> = { [K in keyof T]: Inputs<T[K]> };

/** A value that may be an output of another resource, at any depth. */
export type Inputs<T> = T extends string | number | boolean | undefined ? pulumi.Input<T> : T extends (infer E)[] ? pulumi.Input<Inputs<E>[]> : pulumi.Input<Fields<T>>;

export type Path = (string | number)[];

/** Where in the arguments secrets are. `check` gets plain values, so the marks have to travel beside them. Plain data holds none, and costs no promise. */
export function secretPaths(value: unknown, path: Path = []): Promise<Path[]> | undefined {
    const asked = [...later(value, path)].map(async ([it, at]) => (pulumi.Output.isInstance(it) ? ((await pulumi.isSecret(it)) ? [at] : []) : ((await secretPaths(await it, at)) ?? [])));
    return asked.length ? Promise.all(asked).then((found) => found.flat()) : undefined;
}

function* later(value: unknown, path: Path): Generator<[pulumi.Output<unknown> | Promise<unknown>, Path]> {
    if (!value || typeof value !== "object") return;
    if (pulumi.Output.isInstance(value) || value instanceof Promise) yield [value, path];
    else for (const [key, v] of Object.entries(value)) yield* later(v, [...path, Array.isArray(value) ? Number(key) : key]);
}
