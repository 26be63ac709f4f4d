import type { Connection } from "../ssh/transport";
import { UNKNOWN } from "../unknown";

/** What a resource's hidden inputs say of another one. The SDK makes it, as one text. */
export interface Handle {
    ref: any;
    secret?: boolean;
    /** Of a master: how to reach it. */
    connection?: Connection;
}

const handles = new Map<string, Handle>([[UNKNOWN, { ref: UNKNOWN }]]);

/** Parsed once: the thousand machines of a master have one text. */
export function readHandle(text: string): Handle {
    const known = handles.get(text);
    if (known) return known;
    const handle: Handle = JSON.parse(text);
    handles.set(text, handle);
    return handle;
}
