/** Every place in a JSON value, and the value with another one put there. */
import type { Json } from "./resource.ts";

export interface Place {
    path: (string | number)[];
    value: Json;
}

export function places(value: Json, path: (string | number)[] = []): Place[] {
    const here = path.length ? [{ path, value }] : [];
    if (Array.isArray(value)) return [...here, ...value.flatMap((v, i) => places(v, [...path, i]))];
    if (value && typeof value === "object") return [...here, ...Object.entries(value).flatMap(([key, v]) => places(v, [...path, key]))];
    return here;
}

export function put(value: Json, [key, ...rest]: (string | number)[], into: Json): Json {
    if (key === undefined) return into;
    if (Array.isArray(value)) return value.map((v, i) => (i === key ? put(v, rest, into) : v));
    return Object.fromEntries(Object.entries(value as object).map(([k, v]) => [k, k === key ? put(v, rest, into) : v]));
}
