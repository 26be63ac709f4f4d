/** Does a name fit a pattern, in which * stands for any letters? */
export const matches = (pattern: string, name: string): boolean => new RegExp(`^${pattern.split("*").map((part) => part.replace(/[^A-Za-z0-9]/g, "\\$&")).join(".*")}$`).test(name);

/** The first of many names. */
export const some = (names: string[]): string => `${names.slice(0, 10).join(", ")}${names.length > 10 ? ` and ${names.length - 10} more` : ""}`;
