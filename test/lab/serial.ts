// A serial line's bytes, as the lines a person would see: colours left out, backspaces and returns carried out, and a jump
// of the cursor (as menus are drawn) taken as the end of a line.

/** What UEFI sends when it sets up its console, and never later: the only sign of a reset that it gives. */
const screenSetUp = "\x1b[=3h";
export const firmwareStarts = "(the firmware sets up its console)";

export class SerialText {
    /** All complete lines so far, and the one under way. */
    readonly lines: string[] = [];
    current = "";
    private held = "";
    private returned = false;
    private readonly onLine: (line: string) => void;

    constructor(onLine: (line: string) => void) {
        this.onLine = onLine;
    }

    feed(bytes: string): void {
        let text = this.held + bytes;
        // An escape sequence may be cut in two by the end of a chunk.
        const cut = /\x1b(\[[0-9;?=]*)?$/.exec(text);
        this.held = cut ? cut[0] : "";
        if (cut) text = text.slice(0, cut.index);
        const plain = text.replaceAll(screenSetUp, "\f").replace(/\x1b\[[0-9;]*[Hf]/g, "\v").replace(/\x1b\[[0-9;?=]*[A-Za-z]|\x1b[^[]/g, "");
        for (const character of plain) this.put(character);
    }

    private put(character: string): void {
        if (character === "\n" || (character === "\v" && this.current)) this.endLine();
        else if (character === "\f") this.startFirmware();
        else if (character === "\b") this.current = this.current.slice(0, -1);
        else if (character === "\r") this.returned = true;
        else if (character >= " " || character === "\t") this.type(character);
    }

    /** What follows a return is written over the line: of a percentage that counts up, the last remains. */
    private type(character: string): void {
        if (this.returned) this.current = "";
        this.returned = false;
        this.current += character;
    }

    private startFirmware(): void {
        if (this.current) this.endLine();
        this.lines.push(firmwareStarts);
        this.onLine(firmwareStarts);
    }

    private endLine(): void {
        const line = this.current.trimEnd();
        this.current = "";
        this.returned = false;
        this.lines.push(line);
        this.onLine(line);
    }

    tail(count: number): string {
        return [...this.lines.slice(-count), this.current].filter(Boolean).join("\n");
    }
}
