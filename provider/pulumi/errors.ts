/**
 * Errors as the user is to read them: the message alone. The dynamic host answers the engine with the message, which is printed on the resource's
 * row, and for some calls also prints the error with its stack to the screen. The second print is of no use to anyone: an error made here is known by
 * the mark that it converts to, and its print is dropped.
 */
const MARK = "\u0000netboot: said already";

export function plain(error: unknown, hint = ""): Error {
    const result = new Error((error instanceof Error ? error.message : String(error)) + hint);
    result.stack = "";
    result.toString = () => MARK;
    return result;
}

/** A fault that is not the program's, in words that can be reported: what failed, and where in the code. */
export function ofOurs(label: string, error: unknown): string {
    const { name, message, stack = "" } = error instanceof Error ? error : new Error(String(error));
    const at = /provider[\\/]dist[\\/]([^\s:]+:\d+)/.exec(stack)?.[1];
    return `${label} makes pulumi-netboot fail, which is a fault of its own and not of the program; please report it: ${name}: ${message}${at ? ` (${at})` : ""}`;
}

const print = console.error;
console.error = (...values: unknown[]) => {
    if (typeof values[0] === "string" && values[0].startsWith(MARK)) return;
    print(...values);
};
