/** Text in columns under their names; no line longer than `width`. */
export function columns(names: string[], rows: string[][], width = Infinity): string {
    const widths = names.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]!.length)));
    return [names, ...rows].map((row) => `${row.map((cell, i) => cell.padEnd(widths[i]!)).join("  ").trimEnd().slice(0, width)}\n`).join("");
}
