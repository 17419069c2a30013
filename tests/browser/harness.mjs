// Pages in Chromium, for the scripts beside this one. Run by tests/integration/browser.rs:
//
//   node tests/browser/SCRIPT FOLDER
//
// FOLDER has the pages, and receives pictures of them. JOBGUARD_BROWSER_MODULES names the folder node_modules that has
// playwright-core, and JOBGUARD_CHROMIUM the browser.
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

export const folder = resolve(process.argv[2]);
const modules = resolve(process.env.JOBGUARD_BROWSER_MODULES);
const { chromium } = createRequire(import.meta.url)(join(modules, "playwright-core"));
const browser = await chromium.launch({ executablePath: process.env.JOBGUARD_CHROMIUM, args: ["--no-sandbox"] });

const problems = [];
// Opens a page. What it says, asks for or fails at is a problem.
export const open = async (name, { width = 1280, height = 1600, scheme = "light", scripts = true } = {}) => {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: scheme, javaScriptEnabled: scripts });
  const address = pathToFileURL(join(folder, `${name}.html`)).href;
  page.on("console", (message) => problems.push(`${name}: ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => problems.push(`${name}: ${error.message}`));
  page.on("dialog", (dialog) => {
    problems.push(`${name}: a dialog says ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    if (request.url() !== address) problems.push(`${name}: asks for ${request.url()}`);
  });
  await page.goto(address);
  return page;
};
export const test = async (what, name, options, body) => {
  const page = await open(name, options);
  try {
    await body(page);
    console.log(`ok: ${what}`);
  } catch (error) {
    problems.push(`${what}: ${error.stack}`);
  }
  await page.close();
};
export const shot = (page, name) => page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
// What is searched is shown with the next picture of the screen.
export const settle = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

// Ends the browser; with any problem the script fails.
export const finish = async () => {
  await browser.close();
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length === 0 ? 0 : 1;
};
