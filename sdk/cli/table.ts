/** The terminal's width; without end where there is none, or one that does not know its size, as on a serial line. */
const width = (): number => process.stdout.columns || Infinity;

/** Text in columns under their names; no line longer than the terminal is wide. */
export function columns(names: string[], rows: string[][]): string {
    const widths = names.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]!.length)));
    return [names, ...rows].map((row) => `${row.map((cell, i) => cell.padEnd(widths[i]!)).join("  ").trimEnd().slice(0, width())}\n`).join("");
}
