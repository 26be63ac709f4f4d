// The distribution's Chromium, without a screen, on a page of a master's.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";

export interface Opened {
    page: Page;
    /** Whatever the browser complained of, and whatever a page that a report has got into would do. */
    complaints: string[];
    [Symbol.asyncDispose](): Promise<void>;
}

/** A page as large as a small screen's; with a URL, there already. */
export async function openPage(url?: string): Promise<Opened> {
    const executablePath = ["chromium", "chromium-browser", "google-chrome"].flatMap((name) => (process.env.PATH ?? "").split(":").map((folder) => join(folder, name))).find(existsSync);
    assert.ok(executablePath, "no Chromium: node test/setup/main.mjs --only tools");
    const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
    const page = await (await browser.newContext({ viewport: { width: 1280, height: 720 } })).newPage();
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("dialog", (dialog) => (complaints.push(`dialog ${dialog.message()}`), void dialog.dismiss()));
    // A status that is not there yet is nothing to complain of; a breach of the policy is.
    page.on("console", (message) => message.type() === "error" && !/status of 404/.test(message.text()) && complaints.push(message.text()));
    if (url !== undefined) await page.goto(url);
    return { page, complaints, [Symbol.asyncDispose]: () => browser.close() };
}
